#pragma once

#include <spawnai/core/error.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <string>

namespace spawnai::sandbox {

/// Whose answer it is: the same status means different things.
enum class Service { control_plane, envd };

/// The one place that turns an answer which is not a success into an Error. `doing` starts the message: "cannot create a sandbox".
[[nodiscard]] Error error_of(Service service, const net::Response& response, const std::string& doing);
/// The same for the error in the end frame of a stream.
[[nodiscard]] Error error_of(const wire::Failure& failure, const std::string& doing);

/// A web page, where E2B answers with JSON.
[[nodiscard]] bool is_page(const net::Response& response);
/// The proxy in front of the sandbox says that there is no such sandbox (any more).
[[nodiscard]] bool says_gone(const net::Response& response);
/// A 404 to a create call means the template, not the path.
[[nodiscard]] bool says_no_template(const net::Response& response);
/// The API itself refused to create, before anything existed.
[[nodiscard]] bool says_not_created(const net::Response& response);
[[nodiscard]] Error gone(const SandboxId& id);

}  // namespace spawnai::sandbox
