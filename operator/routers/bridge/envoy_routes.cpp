#include "routers/bridge/envoy_routes.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/route_state.hpp"
#include "model/text_rules.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/route_rules.hpp"

namespace softmig::routers {
namespace {

using base::Percent;
using nlohmann::json;

constexpr std::string_view kSafeMethods = "GET|HEAD|OPTIONS";
constexpr std::string_view kResourceType = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
constexpr char kFlagMark = '?';  // in no component's name

json Exactly(const std::string& text) { return {{"exact", text}}; }
json ByRegex(const std::string& text) { return {{"safe_regex", {{"regex", text}}}}; }

/// Canonical matches have a type everywhere.
bool IsExpression(const json* typed) { return TextMember(typed, "type") == "RegularExpression"; }

bool HasExpression(const json& gateway) {
  const auto any = [](const json* pairs) {
    return pairs != nullptr && std::ranges::any_of(*pairs, [](const json& pair) { return IsExpression(&pair); });
  };
  return IsExpression(Member(&gateway, "path")) || any(Member(&gateway, "headers")) || any(Member(&gateway, "queryParams"));
}

void AddPath(const json* path, json& match) {
  std::string value = TextMember(path, "value");
  if (TextMember(path, "type") == "Exact") {
    match["path"] = value;
    return;
  }
  while (value.ends_with('/')) value.pop_back();
  // A prefix of Gateway API ends at a segment: /a is not in /ab.
  value.empty() ? match["prefix"] = "/" : match["path_separated_prefix"] = value;
}

void AddPairs(const json* pairs, const char* to, json& match) {
  if (pairs == nullptr || !pairs->is_array()) return;
  for (const json& pair : *pairs) {
    match[to].push_back({{"name", TextMember(&pair, "name")}, {"string_match", Exactly(TextMember(&pair, "value"))}});
  }
}

json MatchOf(const json& gateway) {
  json match = json::object();
  AddPath(Member(&gateway, "path"), match);
  AddPairs(Member(&gateway, "headers"), "headers", match);
  AddPairs(Member(&gateway, "queryParams"), "query_parameters", match);
  if (const std::string method = TextMember(&gateway, "method"); !method.empty()) {
    match["headers"].push_back({{"name", ":method"}, {"string_match", Exactly(method)}});
  }
  return match;
}

/// Of all rules on the route, as the spec has them.
std::vector<json> GatewayMatches(const model::ComponentSpec& component, const std::string& route) {
  std::vector<json> matches;
  for (const model::RuleRef& rule : component.rules) {
    if (rule.route != route || !rule.matches) continue;
    const json list = json::parse(*rule.matches, nullptr, false);
    if (list.is_array()) std::ranges::copy(list, std::back_inserter(matches));
  }
  return matches;
}

/// One expression that Envoy does not take would make it refuse all routes, those of a rollback too.
std::vector<json> MatchesOf(const model::ComponentSpec& component, const std::string& route) {
  std::vector<json> matches;
  if (component.rules.empty()) matches.push_back(json{{"prefix", "/"}});
  for (const json& match : GatewayMatches(component, route)) {
    if (!HasExpression(match)) matches.push_back(MatchOf(match));
  }
  return matches;
}

json Split(std::string_view target_cluster, Percent target) {
  return json::array(
      {{{"name", kLegacyCluster}, {"weight", 100 - target.value()}}, {{"name", target_cluster}, {"weight", target.value()}}});
}

/// How long an answer may take is not the bridge's business (Envoy's own limit is 15 s).
json To(json clusters) { return {{"weighted_clusters", {{"clusters", std::move(clusters)}}}, {"timeout", "0s"}}; }

/// A safe request that fails on the target is tried once more, on legacy.
json Retry() {
  return {{"retry_on", "connect-failure,refused-stream,reset,retriable-status-codes"},
          {"retriable_status_codes", {500, 502, 503, 504}},
          {"num_retries", 1},
          {"retry_priority",
           {{"name", "envoy.retry_priorities.previous_priorities"},
            {"typed_config",
             {{"@type", "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"},
              {"update_frequency", 1}}}}}};
}

/// Which side answered in the end, for the agent.
json SaysSide() {
  return json::array({{{"header", {{"key", "x-softmigration-side"}, {"value", "%UPSTREAM_METADATA(softmigration:side)%"}}},
                       {"append_action", "OVERWRITE_IF_EXISTS_OR_ADD"}}});
}

/// What is never compared is not copied: the agent would throw it away, and an upload takes Envoy half as long again.
json NotCopied(json route) {
  const json off{{"@type", "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute"}, {"disabled", true}};
  route["typed_per_filter_config"] = {{std::string(kCopyFilter), off}};
  return route;
}

void AddBoth(const std::string& name, const json& match, Percent target, std::vector<json>& routes) {
  json safe{{"name", name}, {"match", match}, {"response_headers_to_add", SaysSide()}};
  safe["match"]["headers"].push_back({{"name", ":method"}, {"string_match", ByRegex(std::string(kSafeMethods))}});
  safe["route"] = To(Split(kFallbackCluster, target));
  safe["route"]["retry_policy"] = Retry();
  routes.push_back(std::move(safe));
  routes.push_back(NotCopied({{"name", name}, {"match", match}, {"route", To(Split(kTargetCluster, target))}}));
}

bool IsSafeMethods(const json& header) {
  return TextMember(&header, "name") == ":method" &&
         TextMember(Member(Member(&header, "string_match"), "safe_regex"), "regex") == kSafeMethods;
}

struct Precedence {
  int path_kind = 2;  ///< exact, prefix, anything
  std::size_t shorter = 0;
  bool no_method = true;
  std::size_t fewer_headers = 0, fewer_parameters = 0;
  bool is_unsafe = true;  ///< of two that match the same the one for safe requests comes first
  std::string text;
  auto operator<=>(const Precedence&) const = default;
};

std::size_t Fewer(std::size_t count) { return ~count; }

Precedence PrecedenceOf(const json& route) {
  Precedence order;
  const json* match = Member(&route, "match");
  constexpr std::array<const char*, 2> kPaths{"path", "path_separated_prefix"};
  for (std::size_t i = 0; i < kPaths.size(); ++i) {
    const std::string path = TextMember(match, kPaths.at(i));
    if (path.empty()) continue;
    order.path_kind = static_cast<int>(i);
    order.shorter = Fewer(path.size());
  }
  const json* headers = Member(match, "headers");
  std::size_t count = 0;
  for (const json& header : headers != nullptr && headers->is_array() ? *headers : json::array()) {
    if (IsSafeMethods(header)) {
      order.is_unsafe = false;
    } else if (TextMember(&header, "name") == ":method") {
      order.no_method = false;
    } else {
      ++count;
    }
  }
  order.fewer_headers = Fewer(count);
  const json* parameters = Member(match, "query_parameters");
  order.fewer_parameters = Fewer(parameters == nullptr ? 0 : parameters->size());
  order.text = route.dump(-1, ' ', false, json::error_handler_t::replace);
  return order;
}

/// What a route's weights say, where they are written as ours are.
std::optional<Percent> TargetOf(const json& route) {
  const json* clusters = Member(Member(Member(&route, "route"), "weighted_clusters"), "clusters");
  if (clusters == nullptr || !clusters->is_array() || clusters->size() != 2) return std::nullopt;
  const json& legacy = (*clusters)[0];
  const json& target = (*clusters)[1];
  const std::string name = TextMember(&target, "name");
  if (TextMember(&legacy, "name") != kLegacyCluster || (name != kTargetCluster && name != kFallbackCluster)) return std::nullopt;
  const auto weight = WholeNumber(Member(&target, "weight"), 100);
  const auto rest = WholeNumber(Member(&legacy, "weight"), 100);
  return weight && rest && *weight + *rest == 100 ? Percent::Make(*weight) : std::nullopt;
}

json Rest() {
  return NotCopied({{"name", kRestRoute}, {"match", {{"prefix", "/"}}}, {"route", {{"cluster", kLegacyCluster}, {"timeout", "0s"}}}});
}

}  // namespace

std::string BridgeRouteName(const std::string& component, const model::HeaderFlag* flag) {
  return flag == nullptr ? component : component + kFlagMark + model::FlagText(*flag);
}

bool HasExpressions(const model::ComponentSpec& component, const std::string& route) {
  return std::ranges::any_of(GatewayMatches(component, route), HasExpression);
}

std::optional<json> ParseRoutes(const std::string& rds) {
  const json file = json::parse(rds, nullptr, false);
  const json* resources = Member(&file, "resources");
  if (resources == nullptr || !resources->is_array() || resources->size() != 1) return std::nullopt;
  const json* hosts = Member(&resources->front(), "virtual_hosts");
  if (hosts == nullptr || !hosts->is_array() || hosts->size() != 1) return std::nullopt;
  const json* routes = Member(&hosts->front(), "routes");
  if (routes == nullptr || !routes->is_array()) return std::nullopt;
  return *routes;
}

std::vector<BridgeRoute> ReadRoutes(const json& routes) {
  std::vector<BridgeRoute> read;
  for (const json& route : routes) {
    const std::string name = TextMember(&route, "name");
    BridgeRoute one{"", "", TargetOf(route), &route};
    if (name != kRestRoute) {
      const auto mark = name.find(kFlagMark);
      one.component = name.substr(0, mark);
      if (mark != std::string::npos) one.flag = name.substr(mark + 1);
    }
    read.push_back(std::move(one));
  }
  return read;
}

std::vector<json> RoutesOf(const BridgeTraffic& traffic, const std::string& route) {
  std::vector<json> routes;
  for (const json& match : MatchesOf(traffic.component, route)) {
    AddBoth(traffic.component.name, match, traffic.target, routes);
    for (const model::HeaderFlag& flag : traffic.flags) {
      json flagged = match;
      for (const auto& header : flag.headers) {
        flagged["headers"].push_back({{"name", model::LowerAscii(header.name)}, {"string_match", Exactly(header.value)}});
      }
      AddBoth(BridgeRouteName(traffic.component.name, &flag), flagged, Percent::Of(100), routes);
    }
  }
  return routes;
}

std::string WriteRoutes(std::vector<json> routes) {
  std::erase_if(routes, [](const json& route) { return TextMember(&route, "name") == kRestRoute; });
  std::vector<std::pair<Precedence, json>> ordered;
  for (json& route : routes) ordered.emplace_back(PrecedenceOf(route), std::move(route));
  std::ranges::sort(ordered, {}, &std::pair<Precedence, json>::first);
  json list = json::array();
  for (auto& [order, route] : ordered) list.push_back(std::move(route));
  list.push_back(Rest());
  const json host{{"name", "all"}, {"domains", {"*"}}, {"routes", std::move(list)}};
  const json file{{"resources", {{{"@type", kResourceType}, {"name", kRouteConfiguration}, {"virtual_hosts", json::array({host})}}}}};
  return file.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace softmig::routers
