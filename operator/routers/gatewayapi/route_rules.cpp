#include "routers/gatewayapi/route_rules.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxWeight = 1'000'000;
constexpr std::int64_t kMaxPort = 65'535;

/// Member `key` is absent, or the text `wanted`.
bool AbsentOr(const json& ref, std::string_view key, const std::string& wanted) {
  const json* value = Member(&ref, key);
  return value == nullptr || (value->is_string() && value->get_ref<const std::string&>() == wanted);
}

bool Names(const json& ref, const model::Side& side) {
  const auto port = WholeNumber(Member(&ref, "port"), kMaxPort);
  return port && *port == side.port && TextMember(&ref, "name") == side.service;
}

UserRule ReadUserRule(const json& rule, std::size_t index, const RouteDialect& dialect) {
  static const json kNone;
  const json* member = Member(&rule, dialect.matches);
  const json& matches = member == nullptr ? kNone : *member;
  UserRule result;
  result.index = index;
  result.value = &rule;
  result.dialect = &dialect;
  if (dialect.names) result.name = TextMember(&rule, "name");
  result.matches = dialect.canonical(matches);
  if (dialect.one_rule) {
    result.id = std::string("spec.") + dialect.list;
  } else if (!result.name.empty()) {
    result.id = "rule:" + result.name;
  } else if (!result.matches.empty()) {
    result.id = "matches:" + result.matches;
  } else {
    result.id = "other:" + matches.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return result;
}

bool SendsToEither(const UserRule& rule, const Sides& sides) {
  const json* refs = BackendList(rule);
  return refs != nullptr && std::ranges::any_of(*refs, [&](const json& ref) { return IsSide(rule.dialect->classify(ref, sides)); });
}

void AddOnce(std::vector<const UserRule*>& rules, const UserRule& rule) {
  if (std::ranges::find(rules, &rule) == rules.end()) rules.push_back(&rule);
}

std::string DescribeRef(const model::RuleRef& ref) {
  if (ref.rule) return "rule " + *ref.rule;
  return "a rule with matches " + Cut(ref.matches.value_or(""), 120);
}

void ClaimByRef(const RuleTable& table, const model::RuleRef& ref, Claim& claim) {
  int found = 0;
  for (const UserRule& rule : table.user) {
    const bool same = ref.rule ? !rule.name.empty() && rule.name == *ref.rule : ref.matches && rule.matches == *ref.matches;
    if (!same) continue;
    ++found;
    AddOnce(claim.rules, rule);
  }
  if (found == 0) claim.problems.push_back({"RuleNotFound", "route " + ref.route + " has no " + DescribeRef(ref).substr(ref.rule ? 0 : 2)});
  if (found > 1) {
    claim.problems.push_back(
        {"RuleAmbiguous", "route " + ref.route + " has " + std::to_string(found) + " rules that fit " + DescribeRef(ref)});
  }
}

}  // namespace

Backend ClassifyRef(const json& ref, const Sides& sides) {
  if (!ref.is_object() || !AbsentOr(ref, "group", "") || !AbsentOr(ref, "kind", "Service") || !AbsentOr(ref, "namespace", sides.ns)) {
    return Backend::kOther;
  }
  if (const json* mirror = Member(&ref, "mirror"); mirror != nullptr && *mirror == true) return Backend::kMirror;
  if (Names(ref, sides.target)) return Backend::kTarget;
  if (sides.bridge && Names(ref, *sides.bridge)) return Backend::kBridge;
  return Names(ref, sides.legacy) ? Backend::kLegacy : Backend::kOther;
}

json NewService(const model::Side& side, int weight) { return {{"name", side.service}, {"port", side.port}, {"weight", weight}}; }

json NewRef(const model::Side& side, int weight) {
  json ref = NewService(side, weight);
  ref.update({{"group", ""}, {"kind", "Service"}});
  return ref;
}

std::optional<int> WeightOf(const json& ref, int plain) {
  if (!ref.is_object()) return std::nullopt;
  const json* weight = Member(&ref, "weight");
  if (weight == nullptr) return plain;
  const auto number = WholeNumber(weight, kMaxWeight);
  if (!number) return std::nullopt;
  return static_cast<int>(*number);
}

std::string DescribeBackend(const json& ref) {
  const json* destination = Member(&ref, "destination");
  if (const std::string host = TextMember(destination, "host"); !host.empty()) {
    const std::string subset = TextMember(destination, "subset");
    return "host " + Cut(host, 253) + (subset.empty() ? "" : ", subset " + Cut(subset, 63));
  }
  const std::string name = TextMember(&ref, "name");
  if (name.empty()) return "a backend without name";
  const std::string kind = TextMember(&ref, "kind");
  std::string text = (kind.empty() ? "Service" : Cut(kind, 63)) + " ";
  const std::string ns = TextMember(&ref, "namespace");
  if (!ns.empty()) text += Cut(ns, 63) + "/";
  text += Cut(name, 253);
  if (const auto port = WholeNumber(Member(&ref, "port"), kMaxPort)) text += ":" + std::to_string(*port);
  return text;
}

RuleTable ReadRules(const json& object, const RouteDialect& dialect) {
  RuleTable table;
  const json* rules = Member(Member(&object, "spec"), dialect.list);
  table.malformed = rules == nullptr || (dialect.one_rule ? !rules->is_object() : !rules->is_array());
  if (table.malformed) return table;
  if (dialect.one_rule) {
    table.user.push_back(ReadUserRule(*rules, 0, dialect));
    return table;
  }
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const json& rule = (*rules)[i];
    if (!rule.is_object()) {
      ++table.broken;
      continue;
    }
    table.matches += CountMatches(rule);
    const std::string name = TextMember(&rule, "name");
    if (dialect.flags && IsOwnName(name)) {
      table.own.push_back({i, &rule, name});
      continue;
    }
    UserRule user = ReadUserRule(rule, i, dialect);
    const int same_id = seen[user.id]++;
    const int same_matches = user.name.empty() ? same_id : seen["matches:" + user.matches]++;
    user.occurrence = user.name.empty() ? same_matches : same_id;
    table.user.push_back(std::move(user));
  }
  return table;
}

bool IsOwnName(const std::string& name) { return name.starts_with("softmig-"); }

Claim ClaimRules(const RuleTable& table, const model::ComponentSpec& component, const std::string& route, const Sides& sides) {
  Claim claim;
  if (!component.rules.empty()) {
    for (const model::RuleRef& ref : component.rules) {
      if (ref.route == route) ClaimByRef(table, ref, claim);
    }
    return claim;
  }
  for (const UserRule& rule : table.user) {
    if (SendsToEither(rule, sides)) claim.rules.push_back(&rule);
  }
  if (claim.rules.empty()) {
    claim.problems.push_back({"RuleNotFound", "route " + route + " has no rule that sends to Service " + sides.legacy.service + ":" +
                                                  std::to_string(sides.legacy.port) + " or " + sides.target.service + ":" +
                                                  std::to_string(sides.target.port)});
  }
  return claim;
}

bool HasRulesOn(const model::ComponentSpec& component, const std::string& route) {
  return component.rules.empty() || std::ranges::any_of(component.rules, [&](const model::RuleRef& ref) { return ref.route == route; });
}

const json* Backends(const UserRule& rule) { return Member(rule.value, rule.dialect->backends); }

const json* BackendList(const UserRule& rule) {
  const json* refs = Backends(rule);
  return refs != nullptr && refs->is_array() ? refs : nullptr;
}

const json* BackendRefs(const json& rule) {
  const json* refs = Member(&rule, "backendRefs");
  return refs != nullptr && refs->is_array() ? refs : nullptr;
}

std::string InPlaceOfBackends(const json& rule) {
  // Of whatever dialect: their words do not collide.
  for (const char* redirect : {"requestRedirectPolicy", "redirect"}) {
    if (Member(&rule, redirect) != nullptr) return "redirects";
  }
  for (const char* answer : {"directResponsePolicy", "directResponse"}) {
    if (Member(&rule, answer) != nullptr) return "answers by itself";
  }
  if (const json* delegate = Member(&rule, "delegate")) {
    const std::string ns = TextMember(delegate, "namespace");
    return "hands over to VirtualService " + (ns.empty() ? "" : Cut(ns, 63) + "/") + Cut(TextMember(delegate, "name"), 253) +
           ", which a route of the migration may name";
  }
  const json* filters = Member(&rule, "filters");
  const bool redirects = filters != nullptr && filters->is_array() &&
                         std::ranges::any_of(*filters, [](const json& filter) { return TextMember(&filter, "type") == "RequestRedirect"; });
  return redirects ? "redirects" : "";
}

std::size_t CountMatches(const json& rule) {
  const json* matches = Member(&rule, "matches");
  return matches != nullptr && matches->is_array() && !matches->empty() ? matches->size() : 1;
}

std::string NoRules(const RouteDialect& dialect) { return dialect.one_rule ? std::string("no spec.") + dialect.list : "no list of rules"; }

std::string DescribeRule(const UserRule& rule) {
  if (rule.dialect->one_rule) return rule.id;
  return rule.name.empty() ? "rule " + std::to_string(rule.index + 1) + " (no name)" : "rule " + Cut(rule.name, 253);
}

std::string NamespaceOf(const json& object) { return TextMember(Member(&object, "metadata"), "namespace"); }
std::string UidOf(const json& object) { return TextMember(Member(&object, "metadata"), "uid"); }
std::string RulePath(std::size_t index) { return "/spec/rules/" + std::to_string(index); }
std::string PathOf(const UserRule& rule) {
  return std::string("/spec/") + rule.dialect->list + (rule.dialect->one_rule ? "" : "/" + std::to_string(rule.index));
}

}  // namespace softmig::routers
