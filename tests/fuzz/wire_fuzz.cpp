// Whatever a server answers is read, or refused as the server's fault; nothing that is kept can do harm later.
#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace spawnai;
namespace wire = spawnai::sandbox::wire;

namespace {

template <class Read>
void attempt(Read read) {
    try {
        read();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > (1U << 16U)) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    attempt([&] {
        const wire::Access access = wire::parse_access(body);
        if (access.domain.find_first_of("/@ \r\n") != std::string::npos) std::abort();
        if (access.id.str().find_first_of("./@ \r\n") != std::string::npos) std::abort();
    });
    attempt([&] { (void)wire::parse_detail(body); });
    attempt([&] { (void)wire::parse_list(body); });
    attempt([&] { (void)wire::parse_metrics(body); });
    attempt([&] { (void)wire::parse_app_log(body); });
    attempt([&] { (void)wire::parse_entries(body); });
    attempt([&] { (void)wire::parse_processes(body); });
    const wire::Failure failure = wire::parse_failure(body);
    if (sanitize_for_terminal(failure.message) != failure.message) std::abort();
    (void)wire::base64_decode(body);
    return 0;
}
