#include "routers/istio/virtual_service_router.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "model/codec.hpp"
#include "routers/gatewayapi/match_words.hpp"

namespace softmig::routers {
namespace {

using model::Acceptance;
using nlohmann::json;

constexpr std::int64_t kMaxPort = 65'535;

/// The Service's own name, or with its namespace and the cluster's domain behind it. To Istio every other host with a dot is another one.
bool IsHostOf(const std::string& host, const std::string& service, const std::string& ns) {
  if (host == service) return true;
  const std::string full = service + "." + ns + ".svc.";
  return host.size() > full.size() && host.starts_with(full);
}

bool Names(const json& destination, const model::Side& side, const std::string& ns) {
  if (!IsHostOf(TextMember(&destination, "host"), side.service, ns)) return false;
  const json* port = Member(&destination, "port");
  return port == nullptr || WholeNumber(Member(port, "number"), kMaxPort) == side.port;
}

/// {"x-a": {"exact": "1"}} as the Gateway API's list; false where it has no words for one of them.
bool AddPairs(const json& pairs, json& list) {
  if (!pairs.is_object()) return false;
  for (const auto& [name, said] : pairs.items()) {
    json match = InGatewayWords(said, kTextWords);
    if (match.is_null()) return false;
    match["name"] = name;
    list.push_back(std::move(match));
  }
  return true;
}

/// One member of a match; `name` is for people only.
bool AddMember(const std::string& key, const json& said, json& match) {
  if (key == "name") return true;
  if (key == "headers" || key == "queryParams") return AddPairs(said, match[key]);
  if (key == "method") {
    match[key] = TextMember(&said, "exact");
    return said.is_object() && said.size() == 1 && match[key] != "";
  }
  if (key != "uri") return false;
  match["path"] = InGatewayWords(said, kPathWords);
  return !match["path"].is_null();
}

}  // namespace

std::string CanonicalIstioMatches(const json& match) {
  if (!match.is_null() && !match.is_array()) return {};
  json matches = json::array();
  for (const json& one : match) {
    json translated = json::object();
    if (!one.is_object()) return {};
    for (const auto& [key, said] : one.items()) {
      if (!AddMember(key, said, translated)) return {};
    }
    matches.push_back(std::move(translated));
  }
  return model::CanonicalMatches(matches);
}

AcceptanceReport ReadVirtualServiceAcceptance(const json& object) {
  const json* reconciled = FindCondition(Member(&object, "status"), "Reconciled");
  if (reconciled == nullptr || TextMember(reconciled, "status") == "True") return AcceptedAsWritten(object);
  return {Acceptance::kWaiting, "Istio has not yet brought the VirtualService to all proxies: " + TextMember(reconciled, "message")};
}

Backend ClassifyDestination(const json& destination, const Sides& sides) {
  const json* place = Member(&destination, "destination");
  if (place == nullptr) return Backend::kOther;
  if (Names(*place, sides.target, sides.ns)) return Backend::kTarget;
  return Names(*place, sides.legacy, sides.ns) ? Backend::kLegacy : Backend::kOther;
}

json NewDestination(const model::Side& side, int weight) {
  return {{"destination", {{"host", side.service}, {"port", {{"number", side.port}}}}}, {"weight", weight}};
}

}  // namespace softmig::routers
