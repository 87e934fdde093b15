#include "sim/api/refusal.hpp"

#include <nlohmann/json.hpp>

#include "kube/core/json_text.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

std::string Quote(const std::string& text) { return "\"" + text + "\""; }

std::string FullName(const Kind& kind) { return kind.type.group.empty() ? kind.type.plural : kind.type.plural + "." + kind.type.group; }

Refusal About(const Call& call, int code, const char* reason, const std::string& name) {
  Refusal refusal;
  refusal.code = code;
  refusal.reason = reason;
  refusal.name = name;
  refusal.group = call.kind->type.group;
  refusal.kind = call.kind->type.plural;
  return refusal;
}

Refusal Plain(int code, const char* reason, const std::string& message) {
  Refusal refusal;
  refusal.code = code;
  refusal.reason = reason;
  refusal.message = message;
  return refusal;
}

}  // namespace

Refusal NotFound(const Call& call) {
  Refusal refusal = About(call, 404, "NotFound", call.name);
  refusal.message = FullName(*call.kind) + " " + Quote(call.name) + " not found";
  return refusal;
}

Refusal AlreadyExists(const Call& call, const std::string& name) {
  Refusal refusal = About(call, 409, "AlreadyExists", name);
  refusal.message = FullName(*call.kind) + " " + Quote(name) + " already exists";
  return refusal;
}

Refusal Conflict(const Call& call, const std::string& why) {
  Refusal refusal = About(call, 409, "Conflict", call.name);
  refusal.message = "Operation cannot be fulfilled on " + FullName(*call.kind) + " " + Quote(call.name) + ": " + why;
  return refusal;
}

Refusal Invalid(const Call& call, const std::string& name, FieldErrors causes) {
  Refusal refusal = About(call, 422, "Invalid", name);
  refusal.kind = call.kind->type.kind;
  if (call.kind->type.plural == "events") refusal.group.clear();
  refusal.message = call.kind->type.kind + "." + call.kind->type.group + " " + Quote(name) + " is invalid:";
  for (const FieldError& cause : causes) refusal.message += " " + cause.field + ": " + cause.message + ";";
  refusal.causes = std::move(causes);
  return refusal;
}

Refusal NeedsVersion(const Call& call) {
  Refusal refusal = Invalid(call, call.name, {{"FieldValueInvalid", "metadata.resourceVersion", "must be specified for an update"}});
  refusal.kind = call.kind->type.plural;
  return refusal;
}

Refusal Unforeseen(const std::string& why) { return Plain(500, "", why); }
Refusal BadRequest(const std::string& why) { return Plain(400, "BadRequest", why); }
Refusal MethodNotAllowed() { return Plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource"); }
Refusal Unprocessable(const std::string& why) {
  return Plain(422, "Invalid", "the server rejected our request due to an error in our request: " + why);
}
Refusal Expired(const std::string& why) { return Plain(410, "Expired", why); }
Refusal UnsupportedMediaType(const std::string& type) {
  return Plain(415, "UnsupportedMediaType", "the body of the request was in an unknown format: " + type);
}

json ToStatus(const Refusal& refusal) {
  json status = {{"kind", "Status"},    {"apiVersion", "v1"},         {"metadata", json::object()},
                 {"status", "Failure"}, {"message", refusal.message}, {"code", refusal.code}};
  if (!refusal.reason.empty()) status["reason"] = refusal.reason;
  json details = json::object();
  if (!refusal.name.empty()) details["name"] = refusal.name;
  if (!refusal.group.empty()) details["group"] = refusal.group;
  if (!refusal.kind.empty()) details["kind"] = refusal.kind;
  for (const FieldError& cause : refusal.causes) {
    details["causes"].push_back({{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  if (!details.empty() || refusal.code == 422 || refusal.code == 405) status["details"] = std::move(details);
  return status;
}

http::Response Answer(int code, std::string body) { return {code, {{"Content-Type", "application/json"}}, std::move(body)}; }

http::Response ToResponse(const Refusal& refusal) { return Answer(refusal.code, kube::DumpJson(ToStatus(refusal))); }

}  // namespace softmig::sim
