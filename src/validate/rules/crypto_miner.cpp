#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::validate::rules {
namespace {

/// Miners, their libraries and their services. Only in code and addresses, never in the text of a page.
std::string_view miner_in(std::string_view text) {
    const std::string low = ascii_lower(text);
    for (const std::string_view name : {"coinhive",      "coin-hive",        "cryptoloot",        "crypto-loot",
                                        "coinimp",       "webminepool",      "jsecoin",           "deepminer",
                                        "minero.cc",     "authedmine",       "cryptonight",       "xmrig",
                                        "minexmr",       "supportxmr",       "nanopool.org",      "minergate",
                                        "moneroocean",   "nicehash.com",     "hashvault.pro",     "stratum+tcp",
                                        "stratum+ssl",   "stratum+tls",      "2miners.com",       "herominers",
                                        "webmr.js",      "monerominer",      "webassembly-miner", "cpuminer",
                                        "minerd ",       "ccminer",          "ethermine.org",     "f2pool",
                                        "unmineable",    "mining.subscribe", "mining.authorize",  "mining.submit",
                                        "mining.notify", "randomx.wasm",     "browsermine",       "papoto",
                                        "coinpot",       "perfektstart",     "rocks.io/assets",   "prohashing",
                                        "slushpool",     "antpool",          "poolin.com",        "miningpoolhub",
                                        "zpool.ca",      "p2pool.io"})
        if (contains(low, name)) return name;
    return {};
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "remove the mining code";
    each_string(app, [&](const FileView& file, const Located& one) {
        if (one.text.size() > 600) return;  // a text about them
        const std::string_view name = miner_in(one.text);
        // A sentence that mentions one is no use of it.
        const bool sentence = std::count(one.text.begin(), one.text.end(), ' ') > 8;
        if (!name.empty() && !sentence)
            judge.block(&file, one.offset, "code of a crypto miner: \"" + std::string(name) + "\"", hint);
    });
    for (const FileView& file : app.files) {
        for (const Element& script : file.facts.page.scripts)
            if (!miner_in(script.url).empty())
                judge.block(&file, script.offset, "a crypto miner is loaded from " + show(script.url), hint);
        if (file.path() == "package.json" || file.path() == "requirements.txt")
            if (const std::string_view name = miner_in(file.text()); !name.empty())
                judge.block(&file, Judge::k_nowhere, "a dependency is a crypto miner: \"" + std::string(name) + "\"",
                            hint);
        bool socket = false;
        bool many_workers = false;
        const Event* hash = nullptr;
        for (const Event& event : file.facts.code.events) {
            if (event.act == Act::connect || (event.act == Act::send && event.name != "?.src"))
                socket = socket || is_external(event.target.text) || event.act == Act::connect;
            if (event.act == Act::hash && event.loop != Loop::none && hash == nullptr) hash = &event;
            if (event.act == Act::fork && event.loop != Loop::none) many_workers = true;
            if (contains_any(event.name, {"CoinHive", "CryptoLoot", "CRLT.", "deepMiner", "JSECoin", "Client.Anonymous",
                                          "miner.start", "WMP.", "startMining"}))
                judge.block(&file, event.offset, "a crypto miner is started: " + show(event.name), hint);
        }
        const std::string low = ascii_lower(file.text());
        const bool pool_words = contains_any(low, {"difficulty", "target", "leading zero", "nonce"}) &&
                                contains_any(low, {"pool", "job", "share", "wallet", "miner"});
        if (hash != nullptr && socket && pool_words && contains(low, "nonce"))
            judge.block(&file, hash->offset, "hashes are tried in a loop for somebody at the other end of a connection",
                        hint);
        // The same in worker threads that are kept busy on every core.
        if (hash != nullptr && many_workers && contains(low, "hardwareconcurrency") && contains(low, "nonce") &&
            pool_words)
            judge.block(&file, hash->offset, "every core is kept busy with hashes", hint);
    }
}

}  // namespace

const Rule crypto_miner{
    {"crypto-miner", Severity::block, "harm",
     "Names of miners and pools in code and addresses, pool protocol words, loops of hashes with a pool connection.",
     "It spends the visitor's or the sandbox's processor for somebody else. A demonstration of a block chain has no "
     "pool."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
