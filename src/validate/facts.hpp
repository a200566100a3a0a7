#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate {

/// What the checker process found out about a text without running it, and the rules judge. All offsets are bytes in the file.

/// Stands in Value::text for a part that is not known before the program runs.
inline constexpr char k_hole = '\x02';

/// Where a value may come from. Bits: a value that is made of others has all of theirs.
enum Taint : std::uint32_t {
    t_environment = 1U << 0,  ///< all environment variables
    t_variable = 1U << 1,     ///< one environment variable that is named like a secret
    t_file = 1U << 2,         ///< content of a file
    t_host_secret = 1U << 3,  ///< content of a file that holds keys of the host
    t_cookie = 1U << 4,
    t_storage = 1U << 5,     ///< localStorage, sessionStorage
    t_credential = 1U << 6,  ///< what was typed into a password, card or recovery phrase field
    t_form = 1U << 7,        ///< what was typed into other fields
    t_keys = 1U << 8,        ///< single key strokes
    t_clipboard = 1U << 9,
    t_host = 1U << 10,     ///< user, host name, interfaces
    t_request = 1U << 11,  ///< chosen by whoever calls this server
    t_network = 1U << 12,  ///< received from elsewhere
    t_decoded = 1U << 13,  ///< text that was hidden in an encoding
    t_shell = 1U << 14,    ///< output of a command
    t_user = 1U << 15,     ///< arguments, standard input, dialogs
    t_sensor = 1U << 16,   ///< position, camera, microphone, screen
    t_wallet = 1U << 17,   ///< accounts of a browser wallet
};

/// What is known of an expression.
struct Value {
    std::string text;    ///< its constant text, with k_hole for each unknown part; U+0001 for a character beyond ASCII
    bool exact = false;  ///< no part is unknown
    std::uint32_t taint = 0;  ///< Taint bits
    std::string path;         ///< what it refers to, e.g. "child_process.spawn().stdin"; empty when not known
};

enum class Act : std::uint8_t {
    call,        ///< a call of something named that is none of the following (target: receiver, data: first argument)
    send,        ///< target URL or host, data what is sent
    code,        ///< data is run as code
    shell,       ///< data is a shell command
    program,     ///< target is a program, data its arguments
    read_file,   ///< target
    write_file,  ///< target, data
    delete_,     ///< target, data options
    chmod,       ///< target, data
    listen,      ///< target port, data host
    connect,     ///< target host, data port
    pipe,        ///< data flows into target
    print,       ///< data
    ask,         ///< waits for somebody to type
    exit,
    markup,     ///< data becomes part of the page
    navigate,   ///< target
    fork,       ///< another process of the same program
    dialog,     ///< alert, confirm, prompt, print
    window,     ///< target is opened in a new window
    module,     ///< target is loaded by a name made at run time
    clipboard,  ///< data
    interval,   ///< repeats every `target` milliseconds
    listener,   ///< target is the name of an event
    wallet,     ///< target is the method asked of a browser wallet, data its parameters
    hash,
    pause,   ///< lets time pass: sleep, await of a timer
    assign,  ///< target is a property of the page or the process, data its new value
    mail,    ///< data
    encrypt,
    walk,    ///< target is a directory that is listed
    lookup,  ///< an element of the page by id or selector in `target`; data "used" when it is dereferenced at once
};

enum class Loop : std::uint8_t { none, bounded, endless };

struct Event {
    Act act = Act::call;
    std::string name;  ///< canonical name of what was called or set
    Value target;
    Value data;
    std::size_t offset = 0;
    Loop loop = Loop::none;
    bool reached = true;   ///< false: in a function that nothing refers to
    bool at_load = false;  ///< runs while the program is loaded, outside any function that is called later
    bool guarded = false;  ///< in a try block, or behind a typeof or platform test
    std::string handler;   ///< event in whose handler it stands: "keydown", "copy", "interval:10" ...
};

struct Located {
    std::string text;
    std::size_t offset = 0;
};

struct Import {
    std::string module;
    std::size_t offset = 0;
    std::string kind;      ///< "require", "import", "dynamic", "reexport"
    bool guarded = false;  ///< failing is provided for
};

struct FreeName {
    std::string name;
    std::size_t offset = 0;
    bool called = false;
    bool at_load = false;
    bool guarded = false;
    bool in_module = false;
};

struct EndlessLoop {
    std::size_t offset = 0;
    bool leaves = false;  ///< break, return, throw, await, yield or an exit inside
    bool at_load = false;
    std::string language;
};

struct Syntax {
    std::string status;  ///< "good", "broken", "not-checked"
    std::string goal;    ///< "script", "module", "function", "python"
    std::string message;
    std::size_t offset = 0;  ///< of the error
    std::size_t begin = 0;   ///< where the text stands in the file
    std::vector<std::string> newer;
};

/// One program: the scripts of a page together, or one source file.
struct CodeFacts {
    std::vector<Syntax> syntax;
    std::vector<Event> events;
    std::vector<Import> imports;
    std::vector<Located> comments;
    std::vector<Located> strings;  ///< folded constants, at most 4 KB of each
    std::vector<FreeName> free_names;
    std::vector<std::string> globals;       ///< names that classic scripts declare or assign
    std::vector<std::string> module_names;  ///< names declared at the top of module scripts
    std::vector<Located> stubs;             ///< functions whose body is a comment that says what is missing
    std::vector<EndlessLoop> loops;
    std::vector<Located> packed;  ///< text that is deliberately unreadable
    bool has_exports = false;
    bool uses_commonjs = false;  ///< require, module or exports as free names
    std::size_t statements = 0;  ///< at the top level
};

struct Field {
    std::string kind;  ///< "password", "card", "phrase", "other"
    std::string id;
    std::string name;
    std::size_t offset = 0;
    int form = -1;  ///< index in PageFacts::forms
};

struct Form {
    std::string action;
    std::string method;
    std::size_t offset = 0;
};

/// An element that loads something or tells something, with the attributes that matter.
struct Element {
    std::string tag;
    std::string url;    ///< src, href or data
    std::string type;   ///< type or rel
    std::string style;  ///< style attribute, with width, height and hidden added as declarations
    std::size_t offset = 0;
    bool last_word = false;  ///< script: defer, async or module
};

struct PageFacts {
    bool parsed = false;
    bool has_document = false;         ///< an <html>, <head>, <body> or <!DOCTYPE> stands in the text
    bool has_content = false;          ///< text, a drawing, a control or a picture in the body
    bool closes_body = false;          ///< </body> or </html> stands in the text
    std::size_t inline_scripts = 0;    ///< with code
    std::vector<Located> unclosed;     ///< script, style, title, textarea, comment, tag
    std::vector<Located> open_blocks;  ///< div, section ... still open at the end
    std::vector<Form> forms;
    std::vector<Field> fields;
    std::vector<Element> scripts;
    std::vector<Element> links;
    std::vector<Element> frames;  ///< iframe, object, embed
    std::vector<Element> media;   ///< img, video, audio, source, track
    std::vector<Element> anchors;
    std::vector<Element> metas;  ///< meta refresh: url
    std::vector<Located> ids;
    std::vector<Located> comments;
    std::vector<Located> handlers;  ///< event attributes
    std::vector<Located> styles;    ///< contents of style elements
    std::vector<std::string> import_map;
    bool has_base = false;
    std::string base;  ///< href of the first <base>
    std::string text;  ///< visible text, at most 64 KB
};

struct Facts {
    PageFacts page;
    CodeFacts code;
    bool complete = false;  ///< false: the checker was stopped; why says so
    std::string why;
};

/// Between the checker process and this one. decode throws std::exception on anything that encode did not make.
[[nodiscard]] std::string encode(const PageFacts& facts);
[[nodiscard]] std::string encode(const CodeFacts& facts);
[[nodiscard]] PageFacts decode_page(std::string_view bytes);
[[nodiscard]] CodeFacts decode_code(std::string_view bytes);

}  // namespace spawnai::validate
