#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "providers/credentials.hpp"

namespace softmig::providers {

/// What AWS wants requests to be signed with.
struct AwsKeys {
  std::string access_key_id;
  Secret secret_access_key;
  std::optional<Secret> session_token;  ///< of temporary keys
  std::string region;                   ///< e.g. eu-west-1
};

/// Signs a request by AWS Signature Version 4: adds X-Amz-Date, X-Amz-Security-Token where there is one, and Authorization. All headers the
/// request has by then are signed, and Host. Pure. kInvalid where the keys or the URL cannot be signed. REQUIRES: the path is written in
/// unreserved characters and the query, where there is one, is already in canonical form.
base::Status SignAws(http::Request& request, const AwsKeys& keys, const std::string& service, base::WallTime at);

}  // namespace softmig::providers
