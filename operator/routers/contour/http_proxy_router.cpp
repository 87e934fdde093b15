#include "routers/contour/http_proxy_router.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "model/codec.hpp"
#include "routers/gatewayapi/match_words.hpp"

namespace softmig::routers {
namespace {

using model::Acceptance;
using nlohmann::json;

/// A header or query parameter and the value it must have; false where more is asked of it.
bool AddPair(json pair, json& list) {
  const std::string name = TextMember(&pair, "name");
  if (name.empty()) return false;
  pair.erase("name");
  json match = InGatewayWords(pair, kTextWords);
  if (match.is_null()) return false;
  match["name"] = name;
  list.push_back(std::move(match));
  return true;
}

bool AddCondition(const json& condition, json& match) {
  if (!condition.is_object() || condition.size() != 1) return false;
  if (const json* header = Member(&condition, "header")) return AddPair(*header, match["headers"]);
  if (const json* parameter = Member(&condition, "queryParameter")) return AddPair(*parameter, match["queryParams"]);
  json path = InGatewayWords(condition, kPathWords);
  if (path.is_null() || match.contains("path")) return false;
  match["path"] = std::move(path);
  return true;
}

/// Contour's condition says that there are errors; the errors say what they are.
std::string FirstError(const json& condition) {
  const json* errors = Member(&condition, "errors");
  if (errors == nullptr || !errors->is_array() || errors->empty()) return TextMember(&condition, "message");
  return TextMember(&errors->front(), "message");
}

}  // namespace

std::string CanonicalConditions(const json& conditions) {
  if (!conditions.is_null() && !conditions.is_array()) return {};
  json match = json::object();
  for (const json& condition : conditions) {
    if (!AddCondition(condition, match)) return {};
  }
  return model::CanonicalMatches(json::array({match}));
}

AcceptanceReport ReadProxyAcceptance(const json& object) {
  const auto generation = GenerationOf(object);
  const json* valid = FindCondition(Member(&object, "status"), "Valid");
  if (!generation || !IsCurrent(valid, *generation)) return {Acceptance::kWaiting, "Contour has not yet seen the HTTPProxy as it is now"};
  const std::string status = TextMember(valid, "status");
  if (status == "True") return {Acceptance::kAccepted, ""};
  if (status == "False") return Rejected("Contour", *valid, FirstError(*valid));
  return {Acceptance::kWaiting, "Contour has not accepted the HTTPProxy"};
}

}  // namespace softmig::routers
