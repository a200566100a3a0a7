#include "helpers.hpp"

#include <spawnai/validate/secrets.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        for (const SecretHit& hit : scan_secrets(file.text())) {
            const std::string what = "a " + hit.kind + " stands in the file";
            const std::string hint =
                "read it from an environment variable, and withdraw this one: it must count as leaked";
            if (hit.certain)
                judge.block(&file, hit.offset, what, hint);
            else
                judge.warn(&file, hit.offset, what, hint);
        }
    }
}

}  // namespace

const Rule secret{{"secret", Severity::block, "text",
                   "Keys, tokens, passwords in URLs and private keys with the real shape and entropy of their kind.",
                   "Whatever is deployed can be read by its visitors. Placeholders and documented examples are none; "
                   "browser keys are a warning."},
                  Scope::file,
                  check};

}  // namespace spawnai::validate::rules
