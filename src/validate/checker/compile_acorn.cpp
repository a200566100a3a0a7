// Build tool: compiles JavaScript files, in order, into one Duktape bytecode file. Compiling acorn takes 14 ms, loading it 1 ms.
#include <duktape.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

extern "C" int spawnai_duktape_stop(void* /*udata*/) {
    return 0;
}

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: compile_acorn OUTPUT SOURCE...\n";
        return 2;
    }
    std::string source;
    for (int index = 2; index < argc; ++index) {
        std::ifstream file(argv[index], std::ios::binary);
        if (!file) {
            std::cerr << "cannot read " << argv[index] << '\n';
            return 1;
        }
        source.append(std::istreambuf_iterator<char>(file), {});
        source += "\n;\n";
    }
    duk_context* context = duk_create_heap_default();
    duk_push_string(context, "acorn");
    if (duk_pcompile_lstring_filename(context, 0, source.data(), source.size()) != 0) {
        std::cerr << duk_safe_to_string(context, -1) << '\n';
        return 1;
    }
    duk_dump_function(context);
    duk_size_t size = 0;
    const void* bytes = duk_get_buffer(context, -1, &size);
    std::ofstream out(argv[1], std::ios::binary);
    out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    out.close();
    duk_destroy_heap(context);
    return out ? 0 : 1;
}
