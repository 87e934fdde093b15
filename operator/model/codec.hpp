#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"

namespace softmig::model {

/// One thing wrong with a spec: "spec.plan.shift.steps[1].weight" and a sentence.
struct FieldError {
  std::string path;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

struct ParsedSpec {
  Spec spec;                       ///< defaulted; meaningful only where errors is empty
  std::vector<FieldError> errors;  ///< at most 32
};

/// Parses, defaults and validates `spec` of a SoftMigration, all but `compare`. Mirrors the CRD's schema and CEL rules (a test keeps both
/// in step) and never trusts that they ran. Pure, never throws, bounded. compare::ParseWholeSpec reads `compare` too.
ParsedSpec ParseSpec(const nlohmann::json& spec);

/// Reads a status we wrote; what cannot be read stays at its default, so that an old or edited status never crashes us.
Status ParseStatus(const nlohmann::json& status);
/// Deterministic: equal values give equal bytes. Numbers are always written (currentWeight: 0 too).
nlohmann::json ToJson(const Status& status);

std::string_view Name(Phase phase);
std::string_view Name(Verdict verdict);
std::string_view Name(DesiredPhase phase);
std::string_view Name(BreachPolicy policy);
/// As the operator's --routers has it.
std::string_view Name(RouteKind kind);
/// Which kind of object a route is: its name, and of a custom one group, version and kind.
std::string KindId(const RouteRef& route);
/// Names a route's object among all that a namespace holds.
std::string ObjectId(const RouteRef& route);

/// Hash (16 hex digits) of what evidence is about: legacy, target, rules, the specs of templates, metrics, flags, how answers are compared.
/// Weights, holds, pauses do not count.
std::string EvidenceHash(const Spec& spec);

/// What is asked, as one text: the address and, where there are any, the source's settings and the references of its credentials. Never the
/// values of Secrets.
std::string SourceText(const MetricSpec& metric);
/// The queries for people and the log, placeholders as they stand in the spec: neither the address, nor anything of the credentials, nor
/// the parameters of a web source's path, which may hold keys.
std::string AskedText(const MetricSpec& metric);
/// The Secrets that have to be read before the metric can be asked: each once, in order.
std::vector<std::string> SecretsOf(const MetricSpec& metric);

/// Canonical compact JSON of Gateway API `matches`: the API server's defaults filled in (path PathPrefix "/", header and query
/// type Exact), keys sorted. Two spellings of the same matches give the same text. Empty or absent: the default match.
std::string CanonicalMatches(const nlohmann::json& matches);
/// The same for a GRPCRoute's, which have methods and headers, and no path.
std::string CanonicalGrpcMatches(const nlohmann::json& matches);

}  // namespace softmig::model
