#include "routers/contour/http_proxy_router.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/codec.hpp"

namespace softmig::routers {
namespace {

using model::Acceptance;
using nlohmann::json;

using Words = std::pair<const char*, const char*>;  // Contour's and the Gateway API's

/// A header or query parameter and the value it must have; false where more is asked of it.
bool AddPair(const json& pair, json& list) {
  const std::string name = TextMember(&pair, "name");
  for (const auto& [key, type] : {Words{"exact", "Exact"}, Words{"regex", "RegularExpression"}}) {
    const std::string value = TextMember(&pair, key);
    if (name.empty() || value.empty() || pair.size() != 2) continue;
    list.push_back({{"name", name}, {"type", type}, {"value", value}});
    return true;
  }
  return false;
}

bool AddCondition(const json& condition, json& match) {
  if (!condition.is_object() || condition.size() != 1) return false;
  if (const json* header = Member(&condition, "header")) return AddPair(*header, match["headers"]);
  if (const json* parameter = Member(&condition, "queryParameter")) return AddPair(*parameter, match["queryParams"]);
  for (const auto& [key, type] : {Words{"prefix", "PathPrefix"}, Words{"exact", "Exact"}, Words{"regex", "RegularExpression"}}) {
    const std::string value = TextMember(&condition, key);
    if (value.empty() || match.contains("path")) continue;
    match["path"] = {{"type", type}, {"value", value}};
    return true;
  }
  return false;
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
