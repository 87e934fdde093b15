#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/codec.hpp"
#include "model/route_state.hpp"
#include "model/spec.hpp"

namespace softmig::routers {

/// What differs between the kinds of Gateway API routes.
struct RouteDialect {
  const char* kind;                                         ///< "HTTPRoute"
  const char* holds;                                        ///< "an HTTPRoute holds", for messages
  std::string (*canonical)(const nlohmann::json& matches);  ///< one text for all spellings of the same matches; never throws
};
inline constexpr RouteDialect kHttpDialect{"HTTPRoute", "an HTTPRoute holds", model::CanonicalMatches};
inline constexpr RouteDialect kGrpcDialect{"GRPCRoute", "a GRPCRoute holds", model::CanonicalGrpcMatches};

/// The two systems as a route's backends may name them.
struct Sides {
  std::string ns;  ///< the route's own namespace: a backend without namespace is there
  model::Side legacy, target;
};

enum class Backend { kLegacy, kTarget, kOther };
Backend Classify(const nlohmann::json& ref, const Sides& sides);
/// The weight of a backendRef, 1 where it has none; nothing where it is no whole number of 0–1,000,000.
std::optional<int> WeightOf(const nlohmann::json& ref);
/// "Service name:port" for messages.
std::string DescribeBackend(const nlohmann::json& ref);

/// A rule the user wrote. Points into the object it was read from, which must outlive it.
struct UserRule {
  std::size_t index = 0;  ///< in spec.rules
  const nlohmann::json* value = nullptr;
  std::string name;     ///< empty where it has none
  std::string matches;  ///< canonical
  std::string id;       ///< "rule:NAME" or "matches:JSON"
  int occurrence = 0;   ///< how many rules before it have the same name, or the same matches for a rule without name
};

/// A rule we added; its name says for what.
struct OwnRule {
  std::size_t index = 0;
  const nlohmann::json* value = nullptr;
  std::string name;
};

struct RuleTable {
  bool malformed = false;   ///< spec.rules is no list
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

/// The rule's backendRefs; null where absent or no list.
const nlohmann::json* BackendRefs(const nlohmann::json& rule);
/// How many matches the rule counts for: an absent or empty list is the one default match.
std::size_t CountMatches(const nlohmann::json& rule);
/// "rule refunds" or "rule 3 (no name)", for messages; counts from 1.
std::string DescribeRule(const UserRule& rule);

/// metadata.namespace and metadata.uid; empty where absent.
std::string NamespaceOf(const nlohmann::json& object);
std::string UidOf(const nlohmann::json& object);
/// "/spec/rules/N".
std::string RulePath(std::size_t index);

}  // namespace softmig::routers
