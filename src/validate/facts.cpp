#include "facts.hpp"

#include <nlohmann/json.hpp>

namespace spawnai::validate {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Value, text, exact, taint, path)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Event, act, name, target, data, offset, loop, reached, at_load, guarded, handler)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Located, text, offset)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Import, module, offset, kind, guarded)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FreeName, name, offset, called, at_load, guarded, in_module)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EndlessLoop, offset, leaves, at_load, language)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Syntax, status, goal, message, offset, begin, newer)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CodeFacts, syntax, events, imports, comments, strings, free_names, globals,
                                   module_names, stubs, loops, packed, has_exports, uses_commonjs, statements)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Field, kind, id, name, offset, form)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Form, action, method, offset)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Element, tag, url, type, style, offset, last_word)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PageFacts, parsed, has_document, has_content, closes_body, inline_scripts, unclosed,
                                   open_blocks, forms, fields, scripts, links, frames, media, anchors, metas, ids,
                                   comments, handlers, styles, import_map, has_base, base, text)

namespace {

// CBOR, because texts may hold any bytes.
template <class T>
std::string pack(const T& facts) {
    std::string bytes;
    nlohmann::json::to_cbor(nlohmann::json(facts), bytes);
    return bytes;
}

}  // namespace

std::string encode(const PageFacts& facts) {
    return pack(facts);
}
std::string encode(const CodeFacts& facts) {
    return pack(facts);
}
PageFacts decode_page(std::string_view bytes) {
    return nlohmann::json::from_cbor(bytes).get<PageFacts>();
}
CodeFacts decode_code(std::string_view bytes) {
    return nlohmann::json::from_cbor(bytes).get<CodeFacts>();
}

}  // namespace spawnai::validate
