// The process that parses generated code for spawnai: reads requests from stdin and answers on stdout until stdin ends.
// It never runs what it parses. Crashing or hanging here costs one "not checked" and nothing else.

#include "../wire.hpp"
#include "check.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>

namespace {

using namespace spawnai::validate;

bool read_all(void* to, std::size_t size) {
    auto* at = static_cast<char*>(to);
    while (size > 0) {
        const ssize_t got = ::read(STDIN_FILENO, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_all(const void* from, std::size_t size) {
    const auto* at = static_cast<const char*>(from);
    while (size > 0) {
        const ssize_t put = ::write(STDOUT_FILENO, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += put;
        size -= static_cast<std::size_t>(put);
    }
    return true;
}

void answer(char kind, const std::string& bytes, std::uint32_t milliseconds = 0) {
    const Frame frame{kind, {}, static_cast<std::uint32_t>(bytes.size()), milliseconds};
    if (!write_all(&frame, sizeof frame) || !write_all(bytes.data(), bytes.size())) ::_exit(1);
}

std::uint32_t processor_milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<std::uint32_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

void limit(decltype(RLIMIT_CPU) what, rlim_t value) {
    rlimit now{};
    if (::getrlimit(what, &now) != 0) return;
    now.rlim_cur = now.rlim_max == RLIM_INFINITY ? value : std::min(value, now.rlim_max);
    if (what != RLIMIT_STACK && what != RLIMIT_CPU) now.rlim_max = now.rlim_cur;
    ::setrlimit(what, &now);
}

}  // namespace

int main() {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit(RLIMIT_AS, 1U << 30U);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 3);
    limit(RLIMIT_STACK, 256U << 20U);  // the tree walks recurse as deep as their own limits allow

    checker::JsParser javascript;
    const checker::Reports reports{[](const PageFacts& facts) { answer('p', encode(facts)); },
                                   [](const CodeFacts& facts) { answer('s', encode(facts)); },
                                   [](const CodeFacts& facts) { answer('c', encode(facts)); }};
    std::string text;
    for (Frame frame{}; read_all(&frame, sizeof frame);) {
        if (frame.size > k_max_request) return 1;
        text.resize(frame.size);
        if (!read_all(text.data(), text.size())) return 1;
        const std::uint32_t before = processor_milliseconds();
        limit(RLIMIT_CPU, before / 1000 + 20);  // for each request, however long the process lives
        checker::check(frame.kind, text, javascript, reports, frame.milliseconds);
        answer('.', {}, processor_milliseconds() - before);
        if (text.capacity() > k_max_parsed) std::string().swap(text);
    }
    return 0;
}
