#include <array>
#include <chrono>

#include "model/limits.hpp"
#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

using base::Millis;

constexpr TextRule kFlagValue{1, 256, IsHeaderValue, "printable ASCII without outer spaces, at most 256 characters"};
constexpr DurationRange kHolds{Millis(0), std::chrono::hours(8760)};
constexpr std::array<std::string_view, 2> kBreachNames{"Rollback", "Hold"};
constexpr std::array<BreachPolicy, 2> kBreachPolicies{BreachPolicy::kRollback, BreachPolicy::kHold};

std::vector<Step> ParseSteps(FieldReader& shift) {
  std::vector<Step> steps;
  for (FieldReader& reader : shift.Objects("steps", {1, limits::kSteps})) {
    Step step;
    step.weight = Percent::Make(reader.Integer("weight", {1, 100}, std::nullopt)).value_or(Percent());
    step.hold = reader.Duration("hold", kHolds, Millis(0));
    reader.RefuseOthers();
    steps.push_back(step);
  }
  return steps;
}

HeaderFlag::Header ParseFlagHeader(FieldReader& header) {
  HeaderFlag::Header parsed{header.Text("name", kHeaderName), header.Text("value", kFlagValue)};
  header.RefuseOthers();
  return parsed;
}

std::vector<HeaderFlag> ParseFlags(FieldReader& shift) {
  std::vector<HeaderFlag> flags;
  for (FieldReader& reader : shift.Objects("flags", {0, limits::kFlags})) {
    HeaderFlag flag;
    for (FieldReader& header : reader.Objects("headers", {1, limits::kHeadersPerFlag})) flag.headers.push_back(ParseFlagHeader(header));
    reader.RefuseOthers();
    flags.push_back(std::move(flag));
  }
  return flags;
}

NoEvidencePolicy ParseNoEvidence(FieldReader& plan) {
  static constexpr std::array<std::string_view, 1> kPolicies{"Hold"};
  NoEvidencePolicy policy;
  auto reader = plan.Object("onNoEvidence");
  if (!reader) return policy;
  reader->Choice("policy", kPolicies, 0);
  policy.deadline = reader->Duration("deadline", kHolds, policy.deadline);
  policy.then = kBreachPolicies[reader->Choice("then", kBreachNames, 0)];
  reader->RefuseOthers();
  return policy;
}

}  // namespace

void ParsePlan(FieldReader& spec, Spec& parsed) {
  auto plan = spec.RequiredObject("plan");
  if (!plan) return;
  if (auto shift = plan->RequiredObject("shift")) {
    parsed.steps = ParseSteps(*shift);
    parsed.flags = ParseFlags(*shift);
    shift->RefuseOthers();
  }
  parsed.on_breach = kBreachPolicies[plan->Choice("onBreach", kBreachNames, 0)];
  parsed.on_no_evidence = ParseNoEvidence(*plan);
  plan->RefuseOthers();
}

}  // namespace softmig::model
