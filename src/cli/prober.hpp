#pragma once

#include <spawnai/pipeline/surroundings.hpp>

namespace spawnai::cli {

class Context;

/// Looks at an app from outside, over the context's transport.
class HttpProber final : public pipeline::UrlProber {
 public:
    explicit HttpProber(Context& context) : context_(context) {}
    [[nodiscard]] pipeline::ProbeAnswer get(const std::string& url, std::stop_token stop) override;

 private:
    Context& context_;
};

}  // namespace spawnai::cli
