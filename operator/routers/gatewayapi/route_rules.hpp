#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/codec.hpp"
#include "model/route_state.hpp"
#include "model/spec.hpp"
#include "routers/gatewayapi/acceptance.hpp"
#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {

/// The two systems as a route's backends may name them.
struct Sides {
  std::string ns;  ///< the route's own namespace: a backend without namespace is there
  model::Side legacy, target;
  std::optional<model::Side> bridge{};  ///< RouteRef::bridge: elsewhere a bridge is a stranger
};

/// kMirror: gets copies of requests, and serves nobody.
enum class Backend { kLegacy, kTarget, kBridge, kOther, kMirror };
/// Its weight is ours to set.
inline bool IsSide(Backend backend) { return backend == Backend::kLegacy || backend == Backend::kTarget || backend == Backend::kBridge; }

/// What a rule does whose weights are all 0.
enum class AllZero {
  kNobody,      ///< it sends to none of its backends
  kEqualParts,  ///< each gets as much as the others
  kIfAlone,     ///< one backend gets everything, whatever its weight; several get nothing
};

/// What differs between kinds of routes that are lists of rules with weighted backends. No function in it throws.
struct RouteDialect {
  const char* api_version;
  const char* kind;
  const char* a_kind;  ///< "an HTTPRoute", for messages
  SteeredField steered;
  const char* list;      ///< of the rules, in spec
  bool one_rule;         ///< what stands there is no list but the only rule: all users are on it
  const char* matches;   ///< of a rule
  const char* backends;  ///< of a rule
  /// One text for all spellings of the same matches, null for none; empty where they cannot be said in the spec's words.
  std::string (*canonical)(const nlohmann::json& matches);
  AcceptanceReport (*acceptance)(const nlohmann::json& object);
  bool reports_acceptance;  ///< false: what is written counts as accepted
  Backend (*classify)(const nlohmann::json& ref, const Sides& sides);
  nlohmann::json (*new_backend)(const model::Side& side, int weight);
  bool names;        ///< rules may have a `name`
  bool flags;        ///< header flags can be rules of our own: rules have names, and their order means nothing
  int plain_weight;  ///< of a backend that says none
  AllZero all_zero;
};

/// A backend with `name` and `port`, and of the Gateway API `group`, `kind` and `namespace`.
Backend ClassifyRef(const nlohmann::json& ref, const Sides& sides);
/// {name, port, weight}.
nlohmann::json NewService(const model::Side& side, int weight);
/// The same as the Gateway API's schema fills it in.
nlohmann::json NewRef(const model::Side& side, int weight);

inline constexpr SteeredField kRulesField{"f:spec", "f:rules"};
inline constexpr RouteDialect kHttpDialect{.api_version = "gateway.networking.k8s.io/v1",
                                           .kind = "HTTPRoute",
                                           .a_kind = "an HTTPRoute",
                                           .steered = kRulesField,
                                           .list = "rules",
                                           .one_rule = false,
                                           .matches = "matches",
                                           .backends = "backendRefs",
                                           .canonical = model::CanonicalMatches,
                                           .acceptance = ReadAcceptance,
                                           .reports_acceptance = true,
                                           .classify = ClassifyRef,
                                           .new_backend = NewRef,
                                           .names = true,
                                           .flags = true,
                                           .plain_weight = 1,
                                           .all_zero = AllZero::kNobody};
inline constexpr RouteDialect kGrpcDialect{.api_version = "gateway.networking.k8s.io/v1",
                                           .kind = "GRPCRoute",
                                           .a_kind = "a GRPCRoute",
                                           .steered = kRulesField,
                                           .list = "rules",
                                           .one_rule = false,
                                           .matches = "matches",
                                           .backends = "backendRefs",
                                           .canonical = model::CanonicalGrpcMatches,
                                           .acceptance = ReadAcceptance,
                                           .reports_acceptance = true,
                                           .classify = ClassifyRef,
                                           .new_backend = NewRef,
                                           .names = true,
                                           .flags = true,
                                           .plain_weight = 1,
                                           .all_zero = AllZero::kNobody};

/// The weight of a backend, `plain` where it has none; nothing where it is no whole number of 0–1,000,000.
std::optional<int> WeightOf(const nlohmann::json& ref, int plain);
/// "Service name:port" for messages.
std::string DescribeBackend(const nlohmann::json& ref);

/// A rule the user wrote. Points into the object it was read from, which must outlive it.
struct UserRule {
  std::size_t index = 0;  ///< in the list
  const nlohmann::json* value = nullptr;
  const RouteDialect* dialect = nullptr;
  std::string name;     ///< empty where it has none
  std::string matches;  ///< canonical
  std::string id;       ///< "rule:NAME", "matches:JSON", or "other:JSON" where its matches have no canonical text
  int occurrence = 0;   ///< how many rules before it have the same name, or the same matches for a rule without name
};

/// A rule we added; its name says for what.
struct OwnRule {
  std::size_t index = 0;
  const nlohmann::json* value = nullptr;
  std::string name;
};

struct RuleTable {
  bool malformed = false;   ///< there are no rules to be found: NoRules says it
  int broken = 0;           ///< entries that are no objects
  std::size_t matches = 0;  ///< of all rules together
  std::vector<UserRule> user;
  std::vector<OwnRule> own;
};
/// Never throws, whatever the object holds. Points into `object`.
RuleTable ReadRules(const nlohmann::json& object, const RouteDialect& dialect);

/// True for names of rules that are ours and can therefore not be claimed.
bool IsOwnName(const std::string& name);

/// The rules one component speaks of, and what is wrong with that. Points into the table.
struct Claim {
  std::vector<const UserRule*> rules;
  std::vector<model::RouteProblem> problems;
};
/// REQUIRES: HasRulesOn(component, route).
Claim ClaimRules(const RuleTable& table, const model::ComponentSpec& component, const std::string& route, const Sides& sides);
/// The component has rules on the route, or is the implied one that has rules everywhere.
bool HasRulesOn(const model::ComponentSpec& component, const std::string& route);

/// The rule's backends, whatever they are; null where absent.
const nlohmann::json* Backends(const UserRule& rule);
/// The same where they are a list, else null.
const nlohmann::json* BackendList(const UserRule& rule);
/// backendRefs of a rule of our own; null where absent or no list.
const nlohmann::json* BackendRefs(const nlohmann::json& rule);
/// What the rule does in place of sending to backends: "redirects", …; empty where it does nothing of the kind.
std::string InPlaceOfBackends(const nlohmann::json& rule);
/// How many matches the rule counts for: an absent or empty list is the one default match.
std::size_t CountMatches(const nlohmann::json& rule);
/// "no list of rules" or "no spec.weighted", for messages.
std::string NoRules(const RouteDialect& dialect);
/// "rule refunds" or "rule 3 (no name)", for messages; counts from 1.
std::string DescribeRule(const UserRule& rule);

/// metadata.namespace and metadata.uid; empty where absent.
std::string NamespaceOf(const nlohmann::json& object);
std::string UidOf(const nlohmann::json& object);
/// "/spec/rules/N".
std::string RulePath(std::size_t index);
std::string PathOf(const UserRule& rule);

}  // namespace softmig::routers
