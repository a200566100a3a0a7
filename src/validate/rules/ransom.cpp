#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

bool demands(std::string_view text) {
    const std::string low = ascii_lower(text);
    const bool locked =
        contains_any(low, {"files have been encrypted", "files are encrypted", "file has been encrypted", "your files",
                           "has been locked", "have been locked"});
    const bool money = contains_any(low, {"bitcoin", "btc", "monero", "xmr", "pay ", "payment", "ransom", "wallet"});
    return locked && money && contains_any(low, {"decrypt", "recover", "restore", "key", "unlock"});
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.test || !file.runs()) continue;
        const Event* encrypts = nullptr;
        bool walks = false;
        bool deletes = false;
        bool renames = false;
        bool writes = false;
        for (const Event& event : file.facts.code.events) {
            if (event.act == Act::encrypt ||
                contains_any(event.name, {"Fernet().encrypt", "AES.new().encrypt", "createCipheriv"}))
                encrypts = encrypts == nullptr ? &event : encrypts;
            if (event.act == Act::walk) walks = true;
            if (event.act == Act::delete_) deletes = true;
            if (event.act == Act::write_file) writes = true;
            if (event.act == Act::write_file &&
                contains_any(event.target.text, {".locked", ".encrypted", ".enc", ".crypt", ".crypted", ".lock"}))
                renames = true;
        }
        bool note = false;
        for (const Located& one : file.facts.code.strings) note = note || demands(one.text);
        if (encrypts != nullptr && walks && writes && (deletes || renames || note))
            judge.block(&file, encrypts->offset, "files are searched for, encrypted and replaced",
                        "encrypt only what the user of the app gives it");
        else if (note && (writes || encrypts != nullptr) && walks)
            judge.block(&file, encrypts != nullptr ? encrypts->offset : 0, "a ransom note is left behind", "remove it");
    }
}

}  // namespace

const Rule ransom{
    {"ransom", Severity::block, "harm",
     "A walk over directories with files encrypted and the originals deleted, renamed or followed by a demand.",
     "That is what ransomware does. Encrypting by itself is fine."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
