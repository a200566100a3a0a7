# spawnai-checker: parses generated code in a process of its own. acorn runs in Duktape there; both come from Debian packages.
# Duktape is built here from the source that its package ships, without reference counting and without collections of its
# own accord: the heap lives for a few parses, and those are half again as fast. acorn is compiled to bytecode at build time, by the very Duktape that will load it.
find_file(ACORN_SOURCE acorn.js PATHS /usr/share/nodejs/acorn/dist NO_DEFAULT_PATH REQUIRED)
find_library(GUMBO_ARCHIVE libgumbo.a REQUIRED)
find_path(DUKTAPE_SOURCE_DIR duktape.c PATHS /usr/share/duktape NO_DEFAULT_PATH REQUIRED)

set(duktape_dir ${CMAKE_CURRENT_BINARY_DIR}/duktape)
file(READ ${DUKTAPE_SOURCE_DIR}/duk_config.h config)
foreach(feature REFERENCE_COUNTING FINALIZER_SUPPORT VOLUNTARY_GC)
    string(REPLACE "#define DUK_USE_${feature}\n" "#undef DUK_USE_${feature}\n" config "${config}")
endforeach()
# A parse can be stopped after so many steps.
string(REPLACE "#undef DUK_USE_INTERRUPT_COUNTER\n" "#define DUK_USE_INTERRUPT_COUNTER\n" config "${config}")
string(REPLACE "#undef DUK_USE_EXEC_TIMEOUT_CHECK\n" "#if defined(__cplusplus)
extern \"C\" int spawnai_duktape_stop(void *udata);
#else
extern int spawnai_duktape_stop(void *udata);
#endif
#define DUK_USE_EXEC_TIMEOUT_CHECK(udata) ((duk_bool_t) spawnai_duktape_stop(udata))
" config "${config}")
file(CONFIGURE OUTPUT ${duktape_dir}/duk_config.h CONTENT "${config}" @ONLY)
file(COPY_FILE ${DUKTAPE_SOURCE_DIR}/duktape.h ${duktape_dir}/duktape.h ONLY_IF_DIFFERENT)
add_library(spawnai_duktape STATIC ${DUKTAPE_SOURCE_DIR}/duktape.c)
target_include_directories(spawnai_duktape SYSTEM PUBLIC ${duktape_dir})
# -O2 in every configuration: it is not ours to debug, and the tests measure time limits against it.
target_compile_options(spawnai_duktape PRIVATE -O2 -w -fno-sanitize=all)
target_link_libraries(spawnai_duktape PUBLIC m)

add_executable(spawnai-compile-acorn validate/checker/compile_acorn.cpp)
target_link_libraries(spawnai-compile-acorn PRIVATE spawnai_options spawnai_duktape)
set(acorn_bytecode ${CMAKE_CURRENT_BINARY_DIR}/acorn.bytecode)
add_custom_command(OUTPUT ${acorn_bytecode}
    COMMAND spawnai-compile-acorn ${acorn_bytecode} ${ACORN_SOURCE} ${CMAKE_CURRENT_SOURCE_DIR}/validate/checker/acorn_host.js
    DEPENDS spawnai-compile-acorn ${ACORN_SOURCE} ${CMAKE_CURRENT_SOURCE_DIR}/validate/checker/acorn_host.js)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/acorn.S CONTENT "    .section .rodata
    .global spawnai_acorn_bytecode
    .global spawnai_acorn_bytecode_end
spawnai_acorn_bytecode:
    .incbin \"${acorn_bytecode}\"
spawnai_acorn_bytecode_end:
    .byte 0
    .section .note.GNU-stack,\"\",%progbits
" @ONLY)
set_property(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/acorn.S PROPERTY OBJECT_DEPENDS ${acorn_bytecode})

# A library of its own, so that the fuzz targets can link the parsers without the process around them.
file(GLOB checker_sources CONFIGURE_DEPENDS validate/checker/*.cpp)
list(FILTER checker_sources EXCLUDE REGEX "/(main|compile_acorn)\\.cpp$")
add_library(spawnai_checker_lib STATIC ${checker_sources} validate/facts.cpp ${CMAKE_CURRENT_BINARY_DIR}/acorn.S)
target_link_libraries(spawnai_checker_lib PRIVATE spawnai_options
    PUBLIC spawnai_duktape nlohmann_json::nlohmann_json ${GUMBO_ARCHIVE})

# Static, so that it starts in a millisecond. Its own limits would stop a sanitizer's shadow memory.
add_executable(spawnai-checker validate/checker/main.cpp)
target_link_libraries(spawnai-checker PRIVATE spawnai_options spawnai_checker_lib)
target_link_options(spawnai-checker PRIVATE -static -fno-sanitize=all)
target_compile_options(spawnai-checker PRIVATE -fno-sanitize=all)
if(SPAWNAI_SANITIZE AND NOT SPAWNAI_FUZZ)
    target_compile_options(spawnai_checker_lib PRIVATE -fno-sanitize=all)
endif()
add_dependencies(spawnai_lib spawnai-checker)
install(TARGETS spawnai-checker DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/spawnai)
