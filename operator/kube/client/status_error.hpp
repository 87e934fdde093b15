#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "http/message.hpp"

namespace softmig::kube {

/// The error that a non-2xx answer stands for: code by HTTP status, message from the Status object in the body (cut at 500 bytes),
/// delay from Retry-After (seconds) or the Status's details. Reads hostile bodies safely.
base::Error ErrorFromResponse(const http::Response& response);

/// The same for a Status object that arrived inside a watch (an ERROR event).
base::Error ErrorFromStatus(const nlohmann::json& status);

/// True where a 422 to a JSON patch means a failed `test` (the API server then names no object and no field).
bool IsFailedPatchTest(const http::Response& response);

}  // namespace softmig::kube
