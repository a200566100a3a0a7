#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

constexpr std::string_view k_popular[] = {
    "express",   "lodash",       "axios",      "react",       "request",    "chalk",         "commander",
    "moment",    "mongoose",     "webpack",    "typescript",  "dotenv",     "body-parser",   "cross-env",
    "socket.io", "jsonwebtoken", "nodemailer", "bcryptjs",    "electron",   "discord.js",    "puppeteer",
    "sequelize", "passport",     "fastify",    "next",        "nodemon",    "eslint",        "prettier",
    "async",     "bluebird",     "underscore", "jquery",      "node-fetch", "cors",          "morgan",
    "helmet",    "mysql2",       "redis",      "winston",     "multer",     "uuid",          "validator",
    "web3",      "ethers",       "colors",     "yargs",       "inquirer",   "cookie-parser", "express-session",
    "babel-cli", "mongodb",      "postcss",    "tailwindcss", "rimraf",     "minimist",      "event-stream"};

constexpr std::string_view k_popular_python[] = {
    "requests", "flask",      "django",          "numpy",          "pandas",     "fastapi",
    "uvicorn",  "pydantic",   "urllib3",         "beautifulsoup4", "setuptools", "cryptography",
    "selenium", "tensorflow", "matplotlib",      "colorama",       "sqlalchemy", "jinja2",
    "aiohttp",  "boto3",      "python-dateutil", "pillow"};

/// Packages one letter away from a popular one that are popular themselves.
constexpr std::string_view k_genuine[] = {
    "preact",         "koa",          "redux",  "nest",     "nuxt",      "vest",     "mocha",    "color",
    "asynckit",       "expressed",    "web4",   "text",     "uuidv4",    "bcrypt",   "colord",   "ethers5",
    "cookies-parser", "mysql",        "async3", "rexact",   "chai",      "cors2",    "request2", "requests2",
    "yarg",           "reactor",      "nexa",   "ajax",     "redis4",    "fastapi2", "inert",    "next-js",
    "mongodb4",       "yargs-parser", "axis",   "electrum", "passport2", "enquirer", "tslint",   "djongo",
    "boto",           "jinja",        "dotenvx"};

/// Names that were published to be mistaken for others.
constexpr std::string_view k_known_bad[] = {"crossenv",
                                            "cross-env.js",
                                            "d3.js",
                                            "fabric-js",
                                            "ffmepg",
                                            "gruntcli",
                                            "http-proxy.js",
                                            "jquery.js",
                                            "mariadb-client",
                                            "mongose",
                                            "mssql.js",
                                            "mssql-node",
                                            "mysqljs",
                                            "node-fabric",
                                            "node-opencv",
                                            "node-opensl",
                                            "node-openssl",
                                            "node-sqlite",
                                            "node-tkinter",
                                            "nodecaffe",
                                            "nodefabric",
                                            "nodeffmpeg",
                                            "nodemailer-js",
                                            "nodemailer.js",
                                            "nodemssql",
                                            "noderequest",
                                            "nodesass",
                                            "nodesqlite",
                                            "opencv.js",
                                            "openssl.js",
                                            "proxy.js",
                                            "shadowsock",
                                            "smb",
                                            "sqlite.js",
                                            "sqliter",
                                            "sqlserver",
                                            "tkinter",
                                            "babelcli",
                                            "electorn",
                                            "loadyaml",
                                            "lodashs",
                                            "rc-util-js",
                                            "discord-selfbot-v14",
                                            "flatmap-stream",
                                            "getcookies",
                                            "eslint-scope-util",
                                            "twilio-npm",
                                            "discordi.js",
                                            "colourama",
                                            "python3-dateutil",
                                            "jeIlyfish",
                                            "request-s",
                                            "urllib",
                                            "python-sqlite",
                                            "bs4-tools",
                                            "expresss",
                                            "axois",
                                            "loadash",
                                            "lodahs",
                                            "expres",
                                            "reqeust",
                                            "request-promise-native-js"};

bool is_close(std::string_view name, std::string_view popular) {
    if (name == popular || popular.size() < 5 || name.size() + 1 < popular.size() || name.size() > popular.size() + 1)
        return false;
    if (edit_distance(name, popular) == 1) {
        // A digit or an "s" at the end is too common: mysql2, requests.
        if (name.size() == popular.size() + 1 && starts_with(name, popular) &&
            (name.back() >= '0' && name.back() <= '9'))
            return false;
        return true;
    }
    // Two neighbours exchanged.
    if (name.size() == popular.size()) {
        std::size_t at = 0;
        while (at < name.size() && name[at] == popular[at]) ++at;
        return at + 1 < name.size() && name[at] == popular[at + 1] && name[at + 1] == popular[at] &&
               name.substr(at + 2) == popular.substr(at + 2);
    }
    return false;
}

template <std::size_t Size>
bool in(const std::string_view (&list)[Size], std::string_view name) {
    for (const std::string_view one : list)
        if (one == name) return true;
    return false;
}

/// What `name` seems to be meant to be taken for; empty when it is what it says.
template <std::size_t Size>
std::string_view taken_for(std::string_view name, const std::string_view (&popular)[Size]) {
    if (in(k_known_bad, name)) return "another package";
    if (in(popular, name) || in(k_genuine, name) || name.empty() || name[0] == '@') return {};
    for (const std::string_view one : popular)
        if (is_close(name, one)) return one;
    return {};
}

void check(const AppView& app, Judge& judge) {
    const auto report = [&](const FileView* file, std::size_t at, std::string_view name, std::string_view popular) {
        judge.block(file, at, "the package \"" + show(name) + "\" is easily taken for " + std::string(popular),
                    "correct the name, or do without the package");
    };
    if (const FileView* file = app.find("package.json"); file != nullptr && app.package && app.package->is_object()) {
        for (const char* section : {"dependencies", "devDependencies", "optionalDependencies"}) {
            if (!app.package->contains(section) || !(*app.package)[section].is_object()) continue;
            for (const auto& [name, range] : (*app.package)[section].items())
                if (const std::string_view popular = taken_for(name, k_popular); !popular.empty())
                    report(file, file->text().find("\"" + name + "\""), name, popular);
        }
    }
    if (const FileView* file = app.find("requirements.txt"); file != nullptr) {
        std::size_t at = 0;
        for (const std::string_view line : split_lines(file->text())) {
            const std::string name = ascii_lower(trim(line.substr(0, line.find_first_of("=<>!~[; #@"))));
            if (const std::string_view popular = taken_for(name, k_popular_python); !popular.empty())
                report(file, at, name, popular);
            at += line.size() + 1;
        }
    }
}

}  // namespace

const Rule lookalike_package{
    {"lookalike-package", Severity::block, "harm",
     "Package names one letter away from a popular one, and names known to have been published for that.",
     "Such packages are bait: their install scripts and code steal keys."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
