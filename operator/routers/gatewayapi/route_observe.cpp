#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "model/codec.hpp"
#include "routers/gatewayapi/acceptance.hpp"
#include "routers/gatewayapi/flag_rules.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/rule_list_router.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {
namespace {

using base::Percent;
using model::ComponentTraffic;
using model::RouteProblem;
using nlohmann::json;

/// What all components of one Observe share. All of it outlives the call.
struct View {
  const RuleTable& table;
  const std::string& route;
  const std::vector<model::HeaderFlag>& flags;  ///< that the route has rules for: those of a bridge are within it
  Sides sides;
  const RouteDialect& dialect;
};

/// What one rule does with its requests.
struct RuleTraffic {
  std::optional<Percent> weight;
  bool names_target = false;
  bool any_target = false;
  bool names_bridge = false;
  bool all_bridge = false;
  std::vector<RouteProblem> problems;
};

std::optional<Percent> Share(long long target, long long sum) {
  if (sum == 0 || target * 100 % sum != 0) return std::nullopt;
  return Percent::Make(target * 100 / sum);
}

/// Of the backends of one rule.
struct Sums {
  long long target = 0;
  long long bridge = 0;
  long long all = 0;
  void Add(Backend backend, int weight) {
    all += weight;
    if (backend == Backend::kTarget) target += weight;
    if (backend == Backend::kBridge) bridge += weight;
  }
};

RouteProblem MalformedBackends(const UserRule& rule) {
  return {"RouteMalformed", DescribeRule(rule) + ": " + rule.dialect->backends + " make no sense"};
}

/// A destination of a side that has another one before it; null where there is none. They may differ by their subset, or by how the host
/// is spelled: one weight for both would change what the user meant.
template <typename Classify>
const json* SecondDestination(const json& refs, const Classify& classify) {
  std::map<Backend, const json*> first;
  for (const json& ref : refs) {
    const json* destination = Member(&ref, "destination");
    if (destination == nullptr) continue;
    const auto [known, is_new] = first.emplace(classify(ref), destination);
    if (!is_new && *known->second != *destination) return &ref;
  }
  return nullptr;
}

/// What is wrong with the backends: strangers among them, or nobody else.
void AddBackendProblems(const UserRule& rule, const json& refs, const Sides& sides, RuleTraffic& traffic) {
  const auto classify = [&](const json& ref) { return rule.dialect->classify(ref, sides); };
  const auto other = std::ranges::find(refs, Backend::kOther, classify);
  if (std::ranges::none_of(refs, IsSide, classify)) {
    const std::string sends = other == refs.end() ? "has no backend" : "sends to " + DescribeBackend(*other);
    const std::string neither = sends + ", not to " + sides.legacy.service + " or " + sides.target.service;
    const std::string instead = InPlaceOfBackends(*rule.value);
    const bool has_none = other == refs.end() && !instead.empty();
    traffic.problems.push_back({"ForeignBackend", DescribeRule(rule) + " " + (has_none ? "sends to no Service: it " + instead : neither)});
  } else if (other != refs.end()) {
    traffic.problems.push_back({"ThirdBackend", DescribeRule(rule) + " sends to " + DescribeBackend(*other) + " too"});
  } else if (const json* second = SecondDestination(refs, classify)) {
    traffic.problems.push_back(
        {"ThirdBackend", DescribeRule(rule) + " sends to " + DescribeBackend(*second) + " too: each side has one weight"});
  }
}

RuleTraffic ReadTraffic(const UserRule& rule, const Sides& sides) {
  RuleTraffic traffic;
  static const json kNone = json::array();
  const json* member = Backends(rule);
  const json& refs = member == nullptr ? kNone : *member;
  if (!refs.is_array()) {
    traffic.problems.push_back(MalformedBackends(rule));
    return traffic;
  }
  AddBackendProblems(rule, refs, sides, traffic);
  Sums weights;
  Sums heads;  // each backend once
  for (const json& ref : refs) {
    const Backend backend = rule.dialect->classify(ref, sides);
    if (backend == Backend::kMirror) continue;
    const auto weight = WeightOf(ref, rule.dialect->plain_weight);
    if (!weight) {
      traffic.problems.push_back(MalformedBackends(rule));
      return traffic;
    }
    weights.Add(backend, *weight);
    heads.Add(backend, 1);
  }
  traffic.names_target = heads.target > 0;
  const AllZero zero = rule.dialect->all_zero;
  const bool even = zero == AllZero::kEqualParts || (zero == AllZero::kIfAlone && heads.all == 1);
  const Sums& counted = weights.all == 0 && even ? heads : weights;
  traffic.names_bridge = heads.bridge > 0;
  traffic.all_bridge = counted.bridge > 0 && counted.bridge == counted.all;
  traffic.any_target = counted.target > 0 || counted.bridge > 0;
  if (traffic.problems.empty() && counted.bridge == 0) traffic.weight = Share(counted.target, counted.all);
  return traffic;
}

void ReadWeights(const Claim& claim, const Sides& sides, ComponentTraffic& result) {
  bool first = true;
  for (const UserRule* rule : claim.rules) {
    RuleTraffic traffic = ReadTraffic(*rule, sides);
    result.any_target = result.any_target || traffic.any_target;
    result.names_target = traffic.names_target && (first || result.names_target);
    result.names_bridge = traffic.names_bridge && (first || result.names_bridge);
    result.all_bridge = traffic.all_bridge && (first || result.all_bridge);
    result.any_bridge = result.any_bridge || traffic.names_bridge;
    if (first) result.weight = traffic.weight;
    if (result.weight != traffic.weight) result.weight.reset();
    first = false;
    std::ranges::move(traffic.problems, std::back_inserter(result.problems));
  }
}

bool SendsToTarget(const json& rule, const View& view) {
  const json* refs = BackendRefs(rule);
  return refs != nullptr && std::ranges::any_of(*refs, [&](const json& ref) {
           return view.dialect.classify(ref, view.sides) == Backend::kTarget && WeightOf(ref, 1).value_or(1) > 0;
         });
}

/// A flag is in place where each claimed rule has its rule for it, as we would write it. Everything else that bears the
/// component's mark is listed as "?name", so that it never looks like what was wanted.
void ReadFlags(const View& view, const Claim& claim, ComponentTraffic& result) {
  const std::string key = ComponentKey(result.component, view.sides.legacy);
  std::set<std::size_t> explained;  // own rules of flags that are in place
  for (const model::HeaderFlag& flag : view.flags) {
    std::set<std::size_t> rules;
    const auto planned = PlanFlagRules(key, claim.rules, std::span(&flag, 1));
    for (const PlannedFlagRule& plan : planned) {
      const json body = FlagRuleBody(plan, view.sides, view.dialect);
      const auto own = std::ranges::find_if(view.table.own, [&](const OwnRule& rule) { return ReadOwnTag(rule.name) == plan.tag; });
      if (body.is_null()) {
        result.problems.push_back(
            {"HeaderConflict", DescribeRule(*plan.rule) + " already matches a header of the flag " + model::FlagText(flag)});
      } else if (own != view.table.own.end() && SameFlagRule(*own->value, body, view.dialect)) {
        rules.insert(own->index);
      }
    }
    if (planned.empty() || rules.size() != planned.size()) continue;
    explained.merge(rules);
    result.flags.push_back(model::FlagText(flag));
  }
  for (const OwnRule& own : view.table.own) {
    const auto tag = ReadOwnTag(own.name);
    if (!tag || tag->component_key != key) continue;
    result.any_target = result.any_target || SendsToTarget(*own.value, view);
    if (!explained.contains(own.index)) result.flags.push_back("?" + own.name);
  }
  std::ranges::sort(result.flags);
}

ComponentTraffic ObserveComponent(const View& view, const model::ComponentSpec& component, const Claim& claim) {
  ComponentTraffic result;
  result.component = component.name;
  result.problems = claim.problems;
  ReadWeights(claim, view.sides, result);
  if (view.dialect.flags) ReadFlags(view, claim, result);
  return result;
}

/// The rules and matches that flags would add must fit beside what is there.
void CheckRoom(const View& view, const std::vector<Claim>& claims, std::vector<RouteProblem>& problems) {
  std::size_t rules = view.table.user.size() + static_cast<std::size_t>(view.table.broken);
  std::size_t matches = 0;
  for (const UserRule& rule : view.table.user) matches += CountMatches(*rule.value);
  for (const Claim& claim : claims) {
    for (const PlannedFlagRule& plan : PlanFlagRules("", claim.rules, view.flags)) {
      ++rules;
      matches += CountMatches(*plan.rule->value);
    }
  }
  if (rules > kMaxRules) {
    problems.push_back({"TooManyRules", "with the rules of the header flags route " + view.route + " would have " + std::to_string(rules) +
                                            " rules, " + view.dialect.a_kind + " holds " + std::to_string(kMaxRules)});
  } else if (matches > kMaxMatches) {
    problems.push_back({"TooManyRules", "with the rules of the header flags route " + view.route + " would have " +
                                            std::to_string(matches) + " matches, " + view.dialect.a_kind + " holds " +
                                            std::to_string(kMaxMatches)});
  }
}

/// Each claimed rule's id; equal rules of one component count once, claims of two components twice.
void AddIds(const Claim& claim, std::vector<std::string>& ids) {
  std::set<std::string> unique;
  for (const UserRule* rule : claim.rules) {
    if (unique.insert(rule->id).second) ids.push_back(rule->id);
  }
}

model::RouteState ObserveHead(const json& object, const RouteDialect& dialect) {
  model::RouteState state = StateHead(object, dialect.acceptance(object), dialect.steered);
  TemplateMark mark = ReadMark(object);
  state.made_for = std::move(mark.made_for);
  if (mark.restorable) state.mark = std::move(mark.text);
  return state;
}

}  // namespace

Capabilities RuleListRouter::capabilities(const model::RouteRef& /*route*/) const {
  return {.header_flags = dialect_.flags, .reports_acceptance = dialect_.reports_acceptance};
}

model::RouteState RuleListRouter::Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  model::RouteState state = ObserveHead(object, dialect_);
  const RuleTable table = ReadRules(object, dialect_);
  static const std::vector<model::HeaderFlag> kNoFlags;
  const Sides sides{NamespaceOf(object), spec.legacy, spec.target, route.bridge};
  const View view{table, route.name, route.bridge ? kNoFlags : spec.flags, sides, dialect_};
  if (table.malformed) state.problems.push_back({"RouteMalformed", "route " + route.name + " has " + NoRules(dialect_)});
  if (table.broken > 0) state.problems.push_back({"RouteMalformed", "route " + route.name + " has a rule that is no object"});
  std::vector<Claim> claims;
  for (const model::ComponentSpec& component : spec.components) {
    if (!HasRulesOn(component, route.name)) continue;
    claims.push_back(ClaimRules(table, component, route.name, view.sides));
    state.components.push_back(ObserveComponent(view, component, claims.back()));
    AddIds(claims.back(), state.claimed_rules);
  }
  if (dialect_.flags && !view.flags.empty()) CheckRoom(view, claims, state.problems);
  return state;
}

}  // namespace softmig::routers
