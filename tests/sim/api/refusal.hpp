// Status answers.
#pragma once

#include <expected>
#include <string>

#include "http/message.hpp"
#include "sim/api/call.hpp"
#include "sim/api/schema.hpp"

namespace softmig::sim {

/// Why a request is refused: what a Status object says.
struct Refusal {
  int code = 500;
  std::string reason;
  std::string message;
  std::string name;   ///< details.name
  std::string group;  ///< details.group
  std::string kind;   ///< details.kind
  FieldErrors causes;
};

template <typename T>
using Outcome = std::expected<T, Refusal>;

Refusal NotFound(const Call& call);
Refusal AlreadyExists(const Call& call, const std::string& name);
Refusal Conflict(const Call& call, const std::string& why);
Refusal Invalid(const Call& call, const std::string& name, FieldErrors causes);
/// An update without a version, where one is needed.
Refusal NeedsVersion(const Call& call);
/// What the real server does not foresee either: 500 without a reason.
Refusal Unforeseen(const std::string& why);
Refusal BadRequest(const std::string& why);
Refusal MethodNotAllowed();
/// A JSON patch that cannot be applied, a failed `test` among them: a 422 that names nothing.
Refusal Unprocessable(const std::string& why);
Refusal Expired(const std::string& why);
Refusal UnsupportedMediaType(const std::string& type);

/// The Status object.
nlohmann::json ToStatus(const Refusal& refusal);
http::Response ToResponse(const Refusal& refusal);
http::Response Answer(int code, std::string body);

}  // namespace softmig::sim
