#pragma once

#include "message.hpp"

#include <spawnai/claude/settings.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/model_prices.hpp>
#include <spawnai/net/http.hpp>

#include <string>

namespace spawnai::claude {

/// The error that a response with a status other than 2xx carries, whatever shape its body has.
[[nodiscard]] ApiFault read_fault(const net::Response& response);

/// The account's own spend limit is reached: waiting does not help.
[[nodiscard]] bool spent_allowance(const ApiFault& fault);

/// What a fault means for the user. `status` is 0 for an error event in a stream. All quoted text is safe for a terminal and
/// holds no key.
[[nodiscard]] Error to_error(int status, const ApiFault& fault, const std::string& model, const ModelSettings& settings,
                             const ModelPrices& prices);

/// A response that is no answer of a Messages API although its status is 2xx.
[[nodiscard]] Error wrong_server(const std::string& what, const ModelSettings& settings);

}  // namespace spawnai::claude
