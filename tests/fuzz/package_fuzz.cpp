// Every rule over a server whose package.json is the input, and what the rules would put right in it.
#include "validate/mend.hpp"
#include "validate/rules/rule.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace spawnai;
using namespace spawnai::validate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    GeneratedApp app;
    app.type = AppType::api;
    app.entry = "server.js";
    app.start = "node server.js";
    app.files = {{"package.json", text}, {"server.js", "require('http').createServer().listen(process.env.PORT)"}};
    AppView view;
    view.app = &app;
    for (const GeneratedFile& file : app.files) view.files.push_back({&file, kind_of(file.path)});
    auto package = nlohmann::ordered_json::parse(text, nullptr, false);
    if (package.is_discarded())
        view.package_error = "broken";
    else
        view.package = std::move(package);
    for (const bool mending : {false, true}) {
        Judge judge(mending);
        for (const rules::Rule* rule : rules::table()) {
            judge.begin(rule->info.id);
            rule->check(view, judge);
        }
        GeneratedApp mended = app;
        apply(judge.mends(), mended);
        if (mended.files.empty()) std::abort();
    }
    return 0;
}
