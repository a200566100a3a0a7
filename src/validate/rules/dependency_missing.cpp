#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace spawnai::validate::rules {
namespace {

/// Packages that are asked for often enough to be added when they were only forgotten. The versions work from Node 18 on, and
/// with require.
const std::map<std::string_view, std::string_view>& known_packages() {
    static const std::map<std::string_view, std::string_view> packages{{"express", "^4.21.2"},
                                                                       {"cors", "^2.8.5"},
                                                                       {"body-parser", "^1.20.3"},
                                                                       {"uuid", "^9.0.1"},
                                                                       {"morgan", "^1.10.0"},
                                                                       {"helmet", "^7.2.0"},
                                                                       {"dotenv", "^16.4.7"},
                                                                       {"ws", "^8.18.0"},
                                                                       {"nanoid", "^3.3.8"},
                                                                       {"axios", "^1.7.9"},
                                                                       {"multer", "^1.4.5-lts.1"},
                                                                       {"jsonwebtoken", "^9.0.2"},
                                                                       {"bcryptjs", "^2.4.3"},
                                                                       {"compression", "^1.7.5"},
                                                                       {"cookie-parser", "^1.4.7"},
                                                                       {"express-session", "^1.18.1"},
                                                                       {"express-rate-limit", "^7.5.0"},
                                                                       {"socket.io", "^4.8.1"},
                                                                       {"joi", "^17.13.3"},
                                                                       {"zod", "^3.24.1"},
                                                                       {"fastify", "^4.29.0"},
                                                                       {"@fastify/cors", "^9.0.1"},
                                                                       {"koa", "^2.15.3"},
                                                                       {"@koa/router", "^12.0.2"},
                                                                       {"koa-router", "^12.0.1"},
                                                                       {"koa-bodyparser", "^4.4.1"},
                                                                       {"lodash", "^4.17.21"},
                                                                       {"moment", "^2.30.1"},
                                                                       {"dayjs", "^1.11.13"},
                                                                       {"node-fetch", "^2.7.0"},
                                                                       {"express-validator", "^7.2.1"},
                                                                       {"validator", "^13.12.0"},
                                                                       {"slugify", "^1.6.6"},
                                                                       {"winston", "^3.17.0"},
                                                                       {"ejs", "^3.1.10"},
                                                                       {"marked", "^12.0.2"},
                                                                       {"chalk", "^4.1.2"},
                                                                       {"ajv", "^8.17.1"},
                                                                       {"node-cron", "^3.0.3"},
                                                                       {"http-errors", "^2.0.0"},
                                                                       {"swagger-ui-express", "^5.0.1"},
                                                                       {"method-override", "^3.0.0"},
                                                                       {"qrcode", "^1.5.4"},
                                                                       {"date-fns", "^2.30.0"},
                                                                       {"node-cache", "^5.1.2"},
                                                                       {"express-async-handler", "^1.2.0"},
                                                                       {"shortid", "^2.2.16"},
                                                                       {"pino", "^8.21.0"},
                                                                       {"hono", "^4.6.14"},
                                                                       {"@hono/node-server", "^1.13.7"}};
    return packages;
}

/// Python: module -> line for requirements.txt.
const std::map<std::string_view, std::string_view>& known_python() {
    static const std::map<std::string_view, std::string_view> packages{
        {"flask", "Flask>=3,<4"},           {"flask_cors", "flask-cors>=4,<6"}, {"fastapi", "fastapi>=0.110,<1"},
        {"uvicorn", "uvicorn>=0.29,<1"},    {"pydantic", "pydantic>=2,<3"},     {"requests", "requests>=2.31,<3"},
        {"httpx", "httpx>=0.27,<1"},        {"aiohttp", "aiohttp>=3.9,<4"},     {"bottle", "bottle>=0.12,<1"},
        {"jinja2", "Jinja2>=3.1,<4"},       {"yaml", "PyYAML>=6,<7"},           {"dateutil", "python-dateutil>=2.8,<3"},
        {"jwt", "PyJWT>=2.8,<3"},           {"waitress", "waitress>=3,<4"},     {"starlette", "starlette>=0.36,<1"},
        {"dotenv", "python-dotenv>=1,<2"},  {"markdown", "Markdown>=3.5,<4"},   {"qrcode", "qrcode>=7,<9"},
        {"bs4", "beautifulsoup4>=4.12,<5"}, {"PIL", "Pillow>=10,<12"}};
    return packages;
}

/// "google-cloud-storage" provides google, "plaid-python" plaid: the module is one of the words of the distribution's name.
bool names_part(std::string_view distribution, std::string_view module) {
    const std::string name = ascii_lower(distribution);
    const std::string word = ascii_lower(module);
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find_first_of("-_.", begin), name.size());
        if (std::string_view(name).substr(begin, end - begin) == word) return true;
        begin = end + 1;
    }
    return false;
}

/// Whether a distribution may well provide a module whose name it does not tell: pycryptodome and Crypto, scikit-image and skimage.
bool may_provide(std::string_view distribution, std::string_view module) {
    const auto letters = [](std::string_view text) {
        std::string out;
        for (const char c : ascii_lower(text))
            if (c != '-' && c != '_' && c != '.') out.push_back(c);
        return out;
    };
    const std::string name = letters(distribution);
    const std::string word = letters(module);
    const std::size_t least = std::min<std::size_t>(4, word.size());
    if (least < 3) return false;
    for (std::size_t at = 0; at + least <= word.size(); ++at)
        if (name.find(word.substr(at, least)) != std::string::npos) return true;
    return false;
}
bool listed_may_provide(std::string_view requirements, std::string_view module) {
    for (const std::string_view line : split_lines(requirements)) {
        std::string_view name = trim(line.substr(0, line.find('#')));
        name = trim(name.substr(0, name.find_first_of("=<>!~[; @")));
        if (!name.empty() && name.front() != '-' && may_provide(name, module)) return true;
    }
    return false;
}

/// Whether requirements.txt names the distribution of a module: exactly, or by the names that differ.
bool requires_module(std::string_view requirements, const std::string& module) {
    const auto same = [](std::string_view left, std::string_view right) {
        const auto plain = [](std::string_view text) {
            std::string out;
            for (const char c : ascii_lower(text))
                if (c != '-' && c != '_' && c != '.') out.push_back(c);
            return out;
        };
        return plain(left) == plain(right);
    };
    static const std::map<std::string_view, std::string_view> other_names{{"PIL", "pillow"},
                                                                          {"bs4", "beautifulsoup4"},
                                                                          {"yaml", "pyyaml"},
                                                                          {"cv2", "opencv-python"},
                                                                          {"sklearn", "scikit-learn"},
                                                                          {"dotenv", "python-dotenv"},
                                                                          {"jwt", "pyjwt"},
                                                                          {"dateutil", "python-dateutil"},
                                                                          {"multipart", "python-multipart"},
                                                                          {"jose", "python-jose"},
                                                                          {"magic", "python-magic"},
                                                                          {"serial", "pyserial"},
                                                                          {"Crypto", "pycryptodome"},
                                                                          {"OpenSSL", "pyopenssl"},
                                                                          {"docx", "python-docx"},
                                                                          {"pptx", "python-pptx"},
                                                                          {"psycopg2", "psycopg2-binary"},
                                                                          {"MySQLdb", "mysqlclient"},
                                                                          {"socketio", "python-socketio"},
                                                                          {"telegram", "python-telegram-bot"},
                                                                          {"slugify", "python-slugify"},
                                                                          {"attr", "attrs"},
                                                                          {"git", "gitpython"},
                                                                          {"fitz", "pymupdf"},
                                                                          {"markdown2", "markdown2"},
                                                                          {"google", "protobuf"}};
    const auto other = other_names.find(module);
    for (const std::string_view line : split_lines(requirements)) {
        std::string_view name = trim(line.substr(0, line.find('#')));
        name = trim(name.substr(0, name.find_first_of("=<>!~[; @")));
        if (name.empty() || name.front() == '-') continue;
        if (names_part(name, module)) return true;
        if (same(name, module) || (other != other_names.end() && same(name, other->second))) return true;
        // Frameworks bring these along.
        const std::string low = ascii_lower(name);
        if (low == "fastapi" && is_one_of(module, {"pydantic", "starlette"})) return true;
        if (low == "flask" && is_one_of(module, {"werkzeug", "jinja2", "click", "itsdangerous", "markupsafe"}))
            return true;
        if (low == "aiohttp" && is_one_of(module, {"multidict", "yarl"})) return true;
    }
    return false;
}

/// A package of the app's own, in a folder with its own package.json.
bool is_workspace(const AppView& app, const std::string& name) {
    for (const FileView& file : app.files)
        if (ends_with(file.path(), "/package.json") && contains(file.text(), "\"" + name + "\"")) return true;
    return false;
}

void check_node(const AppView& app, Judge& judge) {
    if (!app.package || !app.package->is_object()) {
        if (app.find("package.json") != nullptr) return;
    }
    const auto declared = [&](const char* section, const std::string& name) {
        return app.package && app.package->is_object() && app.package->contains(section) &&
               (*app.package)[section].is_object() && (*app.package)[section].contains(name);
    };
    std::set<std::string> said;
    for (const FileView& file : app.files) {
        if (!file.runs() || file.kind != FileKind::javascript) continue;
        for (const Import& import : file.facts.code.imports) {
            const std::string& module = import.module;
            if (module.empty() || starts_with(module, ".") || starts_with(module, "/") || starts_with(module, "#") ||
                is_node_builtin(module) || contains(module, "://") || starts_with(module, "data:") ||
                starts_with(module, "file:"))
                continue;
            const std::string name = package_of(module);
            if (declared("dependencies", name) || declared("optionalDependencies", name) ||
                declared("peerDependencies", name))
                continue;
            if (is_workspace(app, name)) continue;
            // A package may import itself by its name.
            if (app.package && app.package->is_object() &&
                app.package->value("name", nlohmann::ordered_json()).is_string() &&
                app.package->value("name", std::string()) == name)
                continue;
            if (!said.insert(name).second) continue;
            const std::string message = "the package \"" + show(name) + "\" is used, and package.json does not list it";
            const std::string hint = "add it to \"dependencies\" of package.json, or do without it";
            if (import.guarded) {
                judge.warn(&file, import.offset, message, hint);
                continue;
            }
            const auto known = known_packages().find(name);
            std::string version = known == known_packages().end() ? "" : std::string(known->second);
            if (declared("devDependencies", name) && (*app.package)["devDependencies"][name].is_string())
                version = (*app.package)["devDependencies"][name].get<std::string>();
            if (version.empty()) {
                judge.block(&file, import.offset, message, hint);
                continue;
            }
            Mend mend;
            mend.package = [name, version](nlohmann::ordered_json& package) {
                package["dependencies"][name] = version;
            };
            judge.mend(&file, import.offset, message, hint, std::move(mend));
        }
    }
}

void check_python(const AppView& app, Judge& judge) {
    const FileView* requirements = app.find("requirements.txt");
    const std::string_view listed =
        requirements == nullptr ? std::string_view{} : std::string_view(requirements->text());
    std::set<std::string> said;
    for (const FileView& file : app.files) {
        if (!file.runs() || file.kind != FileKind::python) continue;
        for (const Import& import : file.facts.code.imports) {
            if (import.module.empty() || import.module[0] == '.' || is_python_builtin(import.module)) continue;
            const std::string module = import.module.substr(0, import.module.find('.'));
            bool own = false;
            for (const FileView& other : app.files)
                own = own || other.path() == module + ".py" || starts_with(other.path(), module + "/") ||
                      ends_with(other.path(), "/" + module + ".py");
            if (own || requires_module(listed, module) || !said.insert(module).second) continue;
            const std::string message =
                "the package \"" + show(module) + "\" is used, and requirements.txt does not list it";
            const std::string hint = "add it to requirements.txt, or do without it";
            if (import.guarded) {
                judge.warn(&file, import.offset, message, hint);
                continue;
            }
            const auto known = known_python().find(module);
            if (known == known_python().end() && listed_may_provide(listed, module)) {
                judge.warn(&file, import.offset, message + " under that name", hint);
                continue;
            }
            if (known == known_python().end()) {
                judge.block(&file, import.offset, message, hint);
                continue;
            }
            Mend mend;
            mend.requirement = std::string(known->second);
            judge.mend(&file, import.offset, message, hint, std::move(mend));
        }
    }
}

void check(const AppView& app, Judge& judge) {
    if (!app.whole || app.type() != AppType::api) return;
    check_node(app, judge);
    check_python(app, judge);
}

}  // namespace

const Rule dependency_missing{
    {"dependency-missing", Severity::block, "api",
     "A package that the code loads and neither package.json nor requirements.txt lists. Well-known ones are added.",
     "It is not installed, so the server stops at its first line."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
