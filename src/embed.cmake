# embed_files(<target> <folder> <glob>...): every matching file below src/<folder> becomes part of <target>.
# The bytes come in by the assembler's .incbin, so a change of a file rebuilds only its own stub.
function(embed_files target folder)
    set(patterns)
    foreach(glob ${ARGN})
        list(APPEND patterns ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${glob})
    endforeach()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS LIST_DIRECTORIES false RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${patterns})
    list(SORT files)
    set(asm "    .section .rodata\n")
    set(table "")
    set(declarations "")
    set(index 0)
    set(depends "")
    foreach(file ${files})
        set(symbol "spawnai_embedded_${folder}_${index}")
        string(APPEND asm "    .global ${symbol}\n    .global ${symbol}_end\n${symbol}:\n    .incbin \"${CMAKE_CURRENT_SOURCE_DIR}/${file}\"\n${symbol}_end:\n    .byte 0\n")
        string(APPEND declarations "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
        string(APPEND table "    {\"${file}\", ${symbol}, ${symbol}_end},\n")
        list(APPEND depends ${CMAKE_CURRENT_SOURCE_DIR}/${file})
        math(EXPR index "${index} + 1")
    endforeach()
    string(APPEND asm "    .section .note.GNU-stack,\"\",%progbits\n")
    set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${folder})
    file(CONFIGURE OUTPUT ${out}.S CONTENT "${asm}" @ONLY)
    file(CONFIGURE OUTPUT ${out}.cpp CONTENT "#include <spawnai/core/embedded.hpp>
extern \"C\" {
${declarations}}
namespace spawnai::embedded_tables {
extern const EmbeddedEntry ${folder}[];
extern const std::size_t ${folder}_size;
const EmbeddedEntry ${folder}[] = {
${table}    {nullptr, nullptr, nullptr}};
const std::size_t ${folder}_size = ${index};
}
" @ONLY)
    set_property(SOURCE ${out}.S PROPERTY OBJECT_DEPENDS "${depends}")
    target_sources(${target} PRIVATE ${out}.S ${out}.cpp)
endfunction()
