#include "compare/whole_spec.hpp"
#include "decide/decide.hpp"
#include "fuzz/targets/require.hpp"
#include "kube/core/json_text.hpp"
#include "model/codec.hpp"
#include "model/limits.hpp"

namespace softmig::fuzz {
namespace {

const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};

void CheckErrors(const std::vector<model::FieldError>& errors) {
  Require(errors.size() <= model::limits::kErrors, "the list of errors is bounded");
  for (const model::FieldError& error : errors) {
    Require(error.path.starts_with("spec"), "an error names its field: " + error.path);
    Require(!error.message.empty(), "an error says what is wrong: " + error.path);
    Require(IsUtf8(error.path) && IsUtf8(error.message), "errors are UTF-8");
  }
  const model::Status next = decide::DecideInvalid(errors, {}, {}, kNow).next;
  Require(!model::ToJson(next).dump().empty(), "a status that tells the errors can be written");
}

/// What the rest of the operator relies on without looking again.
void CheckSpec(const model::Spec& spec) {
  Require(!spec.components.empty() && spec.components.size() <= model::limits::kComponents, "there is at least one component");
  Require(!spec.routes.empty(), "there is a route");
  Require(!spec.steps.empty() && spec.steps.back().weight.value() == 100, "the last step is 100");
  for (std::size_t i = 1; i < spec.steps.size(); ++i) {
    Require(spec.steps[i - 1].weight < spec.steps[i].weight, "the steps rise");
  }
  for (const model::MetricSpec& metric : spec.metrics) {
    Require(metric.counts.has_value() != metric.value.has_value(), "a metric has counts or a value");
  }
  Require(spec.legacy.port > 0 && spec.target.port > 0, "both sides have a port");
  Require(!(spec.legacy == spec.target), "the sides differ");
  const std::string hash = model::EvidenceHash(spec);
  Require(hash.size() == 16 && hash.find_first_not_of("0123456789abcdef") == std::string::npos, "a hash has 16 hex digits");
  for (const model::HeaderFlag& flag : spec.flags) Require(!model::FlagText(flag).empty(), "a flag has a text");
  const decide::Decision decision = decide::Decide(spec, {}, {}, kNow);
  Require(!model::ToJson(decision.next).dump().empty(), "the first status can be written");
}

}  // namespace

int FuzzSpec(Bytes data) {
  const auto json = kube::ParseJson(TextOf(data));
  if (!json) return 0;
  const model::ParsedSpec parsed = compare::ParseWholeSpec(*json);
  CheckErrors(parsed.errors);
  if (parsed.errors.empty()) CheckSpec(parsed.spec);
  const model::ParsedSpec again = compare::ParseWholeSpec(*json);
  Require(again.errors == parsed.errors && again.spec == parsed.spec, "the same text gives the same spec");
  Require(!model::CanonicalMatches(*json).empty(), "anything has canonical matches");
  return 0;
}

}  // namespace softmig::fuzz
