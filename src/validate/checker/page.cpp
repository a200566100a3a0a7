#include "page.hpp"

#include "evaluate.hpp"

#include <gumbo.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <csetjmp>
#include <cstring>
#include <memory>

namespace spawnai::validate::checker {
namespace {

constexpr std::size_t k_max_text = 64 * 1024;
constexpr std::size_t k_max_elements = 5000;

/// gumbo frees its tree by recursion, which a deep page turns into a stack overflow: everything is freed at once instead. It also
/// asks for memory for each token, which is where it can be stopped: with longjmp, for it is C and owns nothing else.
class Pool {
 public:
    explicit Pool(const Deadline& deadline) : deadline_(deadline) {}
    std::jmp_buf stopped;

    static void* allocate(void* self, size_t size) {
        auto& pool = *static_cast<Pool*>(self);
        if (++pool.calls_ % 256 == 0 && pool.deadline_.passed()) std::longjmp(pool.stopped, 1);
        pool.blocks_.push_back(std::make_unique<char[]>(size));
        return pool.blocks_.back().get();
    }
    static void release(void* /*self*/, void* /*block*/) {}

 private:
    const Deadline& deadline_;
    std::size_t calls_ = 0;
    std::vector<std::unique_ptr<char[]>> blocks_;
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
    return text;
}

std::string_view view(const GumboStringPiece& piece) {
    return {piece.data, piece.length};
}

bool contains_tag(const std::string& page, std::string_view tag) {
    for (std::size_t at = page.find(tag); at != std::string::npos; at = page.find(tag, at + 1)) {
        const char next = at + tag.size() < page.size() ? page[at + tag.size()] : '>';
        if (next == '>' || next == ' ' || next == '\n' || next == '\r' || next == '\t' || next == '/') return true;
    }
    return false;
}

class Reader {
 public:
    Reader(std::string_view text, const Deadline& deadline, std::vector<ScriptText>& scripts)
        : text_(text), pool_(deadline), scripts_(scripts) {}

    PageFacts run() {
        GumboOptions options = kGumboDefaultOptions;
        options.allocator = Pool::allocate;
        options.deallocator = Pool::release;
        options.userdata = &pool_;
        options.max_errors = 0;
        if (setjmp(pool_.stopped) != 0) return {};
        const GumboOutput* output = gumbo_parse_with_options(&options, text_.data(), text_.size());
        const std::string low = lower(text_);
        page_.has_document = low.find("<!doctype") != std::string::npos || contains_tag(low, "<html") ||
                             contains_tag(low, "<body") || contains_tag(low, "<head");
        page_.closes_body = low.find("</body") != std::string::npos || low.find("</html") != std::string::npos;
        walk(output->document);
        open_at_end(output->root);
        unfinished_tag();
        if (page_.inline_scripts + page_.scripts.size() > 0 && body_elements_ > 0) page_.has_content = true;
        page_.parsed = true;
        return std::move(page_);
    }

 private:
    struct Item {
        const GumboNode* node;
        int form;
        bool in_body;
        bool visible;
        bool verbatim;  ///< an example, in which marks of a template are just that
    };

    void walk(const GumboNode* root) {
        std::vector<Item> stack{{root, -1, false, true, false}};
        while (!stack.empty()) {
            Item item = stack.back();
            stack.pop_back();
            const GumboNode& node = *item.node;
            switch (node.type) {
                case GUMBO_NODE_TEXT:
                case GUMBO_NODE_CDATA:
                    if (item.in_body && item.visible && page_.text.size() < k_max_text) {
                        const std::size_t from = page_.text.size();
                        page_.text += node.v.text.text;
                        page_.text += ' ';
                        if (item.verbatim)
                            for (std::size_t at = from; at < page_.text.size(); ++at)
                                if (page_.text[at] == '{' || page_.text[at] == '%') page_.text[at] = ' ';
                        if (!trimmed(node.v.text.text).empty()) page_.has_content = true;
                    }
                    break;
                case GUMBO_NODE_COMMENT:
                    comment(node);
                    break;
                case GUMBO_NODE_ELEMENT:
                case GUMBO_NODE_TEMPLATE:
                    element(node, item);
                    push(stack, node.v.element.children, item);
                    break;
                case GUMBO_NODE_DOCUMENT:
                    push(stack, node.v.document.children, item);
                    break;
                default:
                    break;
            }
        }
    }

    static void push(std::vector<Item>& stack, const GumboVector& children, const Item& item) {
        for (unsigned index = children.length; index > 0; --index)
            stack.push_back({static_cast<const GumboNode*>(children.data[index - 1]), item.form, item.in_body,
                             item.visible, item.verbatim});
    }

    [[nodiscard]] std::size_t offset(const char* at) const {
        if (at == nullptr || at < text_.data() || at > text_.data() + text_.size()) return 0;
        return static_cast<std::size_t>(at - text_.data());
    }

    void comment(const GumboNode& node) {
        const std::string_view raw = view(node.v.text.original_text);
        const std::size_t at = offset(raw.data());
        if (raw.empty() || raw.back() != '>') page_.unclosed.push_back({"comment", at});
        if (page_.comments.size() < k_max_elements) page_.comments.push_back({std::string(raw.substr(0, 600)), at});
    }

    static std::string attribute(const GumboElement& element, const char* name) {
        const GumboAttribute* found = gumbo_get_attribute(&element.attributes, name);
        return found == nullptr ? std::string() : std::string(trimmed(found->value));
    }
    static bool has(const GumboElement& element, const char* name) {
        return gumbo_get_attribute(&element.attributes, name) != nullptr;
    }

    void element(const GumboNode& node, Item& item) {
        const GumboElement& element = node.v.element;
        const std::size_t at = offset(element.original_tag.data);
        const bool html = element.tag_namespace == GUMBO_NAMESPACE_HTML;
        std::string tag = gumbo_normalized_tagname(element.tag);
        if (tag.empty()) {
            GumboStringPiece name = element.original_tag;
            gumbo_tag_from_original_text(&name);
            tag = lower(view(name));
        }
        if (tag == "body")
            item.in_body = true;
        else if (item.in_body && element.original_tag.length > 0)
            ++body_elements_;

        if (tag == "script" || tag == "style" || tag == "title" || tag == "noscript" || tag == "template")
            item.visible = false;
        if (tag == "code" || tag == "pre" || tag == "samp" || tag == "kbd" || tag == "textarea") item.verbatim = true;
        const bool raw_text = tag == "script" || tag == "style" || tag == "title" || tag == "textarea" || tag == "xmp";
        if (raw_text && html && element.original_tag.length > 0 && element.original_end_tag.length == 0)
            page_.unclosed.push_back({tag, at});

        for (unsigned index = 0; index < element.attributes.length; ++index) {
            const auto& one = *static_cast<const GumboAttribute*>(element.attributes.data[index]);
            const std::string name = lower(one.name);
            if (name == "id" && page_.ids.size() < k_max_elements) page_.ids.push_back({one.value, at});
            if (name == "name" && html && page_.ids.size() < k_max_elements) names_.push_back(one.value);
            const std::string_view value = trimmed(one.value);
            const std::size_t where =
                offset(one.original_value.data) + (one.original_value.length > value.size() ? 1 : 0);
            if (name.size() > 2 && name.compare(0, 2, "on") == 0 && !value.empty()) {
                page_.handlers.push_back({name + "=" + std::string(value.substr(0, 200)), where});
                scripts_.push_back({std::string(value), where, Goal::function, false});
            }
            if ((name == "href" || name == "action" || name == "src" || name == "formaction") && value.size() > 11 &&
                lower(value.substr(0, 11)) == "javascript:") {
                const std::string code = std::string(value.substr(11));
                if (!trimmed(code).empty() && code.find('%') == std::string::npos)
                    scripts_.push_back({code, where + 11, Goal::function, false});
            }
        }

        if (tag == "script") script(element, at);
        if (tag == "style" && element.children.length > 0) {
            const auto* text = static_cast<const GumboNode*>(element.children.data[0]);
            if (text->type == GUMBO_NODE_TEXT || text->type == GUMBO_NODE_WHITESPACE)
                page_.styles.push_back({text->v.text.text, offset(text->v.text.original_text.data)});
        }
        if (!html) {
            if (tag == "svg") page_.has_content = true;
            return;
        }
        if (tag == "form") {
            page_.forms.push_back({attribute(element, "action"), lower(attribute(element, "method")), at});
            item.form = static_cast<int>(page_.forms.size()) - 1;
        }
        if (tag == "input" || tag == "textarea" || tag == "button" || tag == "select")
            control(element, tag, at, item.form);
        const auto keep = [&](std::vector<Element>& list, const char* url) {
            if (list.size() < k_max_elements) list.push_back(loaded(element, tag, attribute(element, url), at));
        };
        if (tag == "link") keep(page_.links, "href");
        if (tag == "iframe" || tag == "embed" || tag == "frame") keep(page_.frames, "src");
        if (tag == "object") keep(page_.frames, "data");
        if (tag == "img" || tag == "video" || tag == "audio" || tag == "source" || tag == "track")
            keep(page_.media, "src");
        if (tag == "a" || tag == "area") keep(page_.anchors, "href");
        if (tag == "base") {
            page_.has_base = true;
            if (page_.base.empty()) page_.base = attribute(element, "href");
        }
        if (tag == "meta" && lower(attribute(element, "http-equiv")) == "refresh") keep(page_.metas, "content");
        if (tag == "canvas" || tag == "img" || tag == "video" || tag == "audio" || tag == "iframe" || tag == "input" ||
            tag == "button" || tag == "select" || tag == "textarea" || tag == "object" || tag == "embed" ||
            tag == "frame")
            page_.has_content = true;
    }

    static Element loaded(const GumboElement& element, const std::string& tag, std::string url, std::size_t at) {
        Element made;
        made.tag = tag;
        made.url = std::move(url);
        made.type = lower(attribute(element, tag == "link" || tag == "a" ? "rel" : "type"));
        made.style = lower(attribute(element, "style"));
        for (const char* name : {"width", "height"})
            if (has(element, name)) made.style += std::string(";") + name + ":" + attribute(element, name);
        if (has(element, "hidden")) made.style += ";display:none";
        if (has(element, "download")) made.style += ";download:" + attribute(element, "download");
        made.offset = at;
        return made;
    }

    /// A recovery phrase or key of a wallet, however its words are joined.
    static bool names_phrase(const std::string& words) {
        std::string joined;
        for (const char c : words)
            if (std::isalnum(static_cast<unsigned char>(c)) != 0) joined.push_back(c);
        for (const char* phrase :
             {"seedphrase", "recoveryphrase", "secretphrase", "secretrecovery", "backupphrase", "walletphrase",
              "mnemonic", "privatekey", "seedword", "recoveryword", "phraseword", "secretword", "recoverykey"})
            if (joined.find(phrase) != std::string::npos) return true;
        return false;
    }

    void control(const GumboElement& element, const std::string& tag, std::size_t at, int form) {
        Field field;
        field.id = attribute(element, "id");
        field.name = attribute(element, "name");
        field.offset = at;
        field.form = form;
        const std::string type = lower(attribute(element, "type"));
        const std::string complete = lower(attribute(element, "autocomplete"));
        const std::string words = lower(field.id + " " + field.name + " " + attribute(element, "placeholder") + " " +
                                        attribute(element, "aria-label"));
        field.kind = "other";
        if (tag == "input" || tag == "textarea") {
            const auto mentions = [&](std::initializer_list<const char*> list) {
                return std::any_of(list.begin(), list.end(),
                                   [&](const char* word) { return words.find(word) != std::string::npos; });
            };
            if (type == "password" || complete.find("-password") != std::string::npos || complete == "one-time-code")
                field.kind = "password";
            else if (complete.rfind("cc-", 0) == 0 ||
                     mentions({"card number", "cardnumber", "card-number", "card_number", "ccnumber", "cc-number",
                               "cvv", "cvc", "credit card"}))
                field.kind = "card";
            else if (mentions({"12-word", "12 word", "24-word", "24 word", "social security", "ssn"}) ||
                     names_phrase(words))
                field.kind = "phrase";
        }
        const std::string formaction = attribute(element, "formaction");
        if (!formaction.empty()) page_.forms.push_back({formaction, "post", at});
        page_.fields.push_back(std::move(field));
    }

    void script(const GumboElement& element, std::size_t at) {
        const std::string src = attribute(element, has(element, "src") ? "src" : "href");
        const std::string type = lower(attribute(element, "type"));
        const std::string language = lower(attribute(element, "language"));
        Element made = loaded(element, "script", src, at);
        made.last_word = has(element, "defer") || has(element, "async") || type == "module";
        const bool vb = language == "vbscript" || type == "text/vbscript" || language == "jscript.encode";
        if (has(element, "src") || vb) {
            if (vb) made.type = "text/vbscript";
            page_.scripts.push_back(made);
            return;
        }
        const std::size_t begin = at + element.original_tag.length;
        const std::size_t end =
            element.original_end_tag.length > 0 ? offset(element.original_end_tag.data) : text_.size();
        if (begin > end) return;
        const std::string_view code = text_.substr(begin, end - begin);
        if (type == "importmap") {
            const auto map = nlohmann::json::parse(code.begin(), code.end(), nullptr, false);
            if (map.is_object() && map.contains("imports") && map["imports"].is_object())
                for (const auto& [name, target] : map["imports"].items()) page_.import_map.push_back(name);
            return;
        }
        const bool javascript = type.empty() || type == "module" || type == "text/javascript" ||
                                type == "application/javascript" || type == "application/ecmascript" ||
                                type == "text/ecmascript" || type == "application/x-javascript" ||
                                type == "text/jscript" || type == "text/javascript1.5";
        if (!javascript || trimmed(code).empty()) return;
        ++page_.inline_scripts;
        scripts_.push_back({std::string(code), begin, type == "module" ? Goal::module : Goal::script, true});
    }

    /// Elements that a complete page closes itself, on the way to the last one.
    void open_at_end(const GumboNode* root) {
        const GumboNode* node = root;
        while (node != nullptr && node->type == GUMBO_NODE_ELEMENT) {
            const GumboElement& element = node->v.element;
            static constexpr GumboTag k_closed[] = {
                GUMBO_TAG_DIV,   GUMBO_TAG_SECTION, GUMBO_TAG_MAIN, GUMBO_TAG_ARTICLE, GUMBO_TAG_UL,
                GUMBO_TAG_OL,    GUMBO_TAG_TABLE,   GUMBO_TAG_FORM, GUMBO_TAG_HEADER,  GUMBO_TAG_FOOTER,
                GUMBO_TAG_NAV,   GUMBO_TAG_BUTTON,  GUMBO_TAG_SVG,  GUMBO_TAG_CANVAS,  GUMBO_TAG_SELECT,
                GUMBO_TAG_ASIDE, GUMBO_TAG_FIELDSET};
            if (element.original_tag.length > 0 && element.original_end_tag.length == 0 &&
                std::find(std::begin(k_closed), std::end(k_closed), element.tag) != std::end(k_closed))
                page_.open_blocks.push_back({gumbo_normalized_tagname(element.tag), offset(element.original_tag.data)});
            const GumboNode* last = nullptr;
            for (unsigned index = element.children.length; index > 0 && last == nullptr; --index) {
                const auto* child = static_cast<const GumboNode*>(element.children.data[index - 1]);
                if (child->type == GUMBO_NODE_WHITESPACE || child->type == GUMBO_NODE_COMMENT) continue;
                last = child;
            }
            node = last;
        }
    }

    /// A page that was cut inside a tag: `<div class="a`.
    void unfinished_tag() {
        const std::size_t open = text_.rfind('<');
        if (open == std::string_view::npos || open + 1 >= text_.size()) return;
        const char next = text_[open + 1];
        if (std::isalpha(static_cast<unsigned char>(next)) == 0 && next != '/' && next != '!') return;
        if (text_.find('>', open) == std::string_view::npos) page_.unclosed.push_back({"tag", open});
    }

    std::string_view text_;
    Pool pool_;
    std::vector<ScriptText>& scripts_;
    PageFacts page_;
    std::vector<std::string> names_;
    std::size_t body_elements_ = 0;
};

}  // namespace

PageFacts read_page(std::string_view text, const Deadline& deadline, std::vector<ScriptText>& scripts) {
    return Reader(text, deadline, scripts).run();
}

}  // namespace spawnai::validate::checker
