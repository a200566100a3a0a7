// What is done to any text before it is judged: the mends of each kind of file, and the search for credentials.
#include "validate/mend.hpp"

#include <spawnai/validate/secrets.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace spawnai;
using namespace spawnai::validate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const SecretHit& hit : scan_secrets(text))
        if (hit.offset >= size || hit.line < 1 || hit.column < 1) std::abort();
    for (const FileKind kind :
         {FileKind::page, FileKind::javascript, FileKind::python, FileKind::json, FileKind::style, FileKind::other}) {
        std::string content = text;
        const bool mended = !mend_text(kind, content).empty();
        // A change that nobody is told of would deploy something else than what was judged.
        if (!mended && content != text) std::abort();
    }
    return 0;
}
