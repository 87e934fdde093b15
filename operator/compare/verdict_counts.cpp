#include "compare/verdict_counts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/assert.hpp"

namespace softmig::compare {
namespace {

using nlohmann::json;

bool IsOfDropped(Reason reason) { return reason >= Reason::kBufferFull && reason <= Reason::kStopping; }

bool Fits(Verdict verdict, Reason reason) {
  if (verdict == Verdict::kDropped) return IsOfDropped(reason);
  if (verdict == Verdict::kUncomparable) return reason > Reason::kStopping;
  return reason == Reason::kNone;
}

json ReasonsJson(const ComponentCounts& counts, Verdict verdict) {
  json reasons = json::object();
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (Fits(verdict, static_cast<Reason>(i))) reasons[std::string(Name(static_cast<Reason>(i)))] = counts.reasons[i];
  }
  return reasons;
}

}  // namespace

std::uint64_t ComponentCounts::Decided() const { return std::accumulate(verdicts.begin(), verdicts.end(), std::uint64_t{0}); }

VerdictCounts::VerdictCounts(std::string epoch, const std::vector<Component>& components) : epoch_(std::move(epoch)) {
  for (const Component& component : components) {
    ComponentCounts& counts = components_.emplace_back();
    counts.component = component.name;
    counts.rules_hash = component.rules_hash;
  }
}

void VerdictCounts::AddEligible(std::size_t component) { ++components_.at(component).eligible; }

void VerdictCounts::Add(std::size_t component, Verdict verdict, Reason reason) {
  ComponentCounts& counts = components_.at(component);
  SM_ASSERT(Fits(verdict, reason));
  SM_ASSERT(counts.UnderWay() > 0);
  ++counts.verdicts[static_cast<std::size_t>(verdict)];
  if (reason != Reason::kNone) ++counts.reasons[static_cast<std::size_t>(reason)];
}

void VerdictCounts::AddHidden(std::size_t component) {
  ComponentCounts& counts = components_.at(component);
  SM_ASSERT(counts.hidden < counts.verdicts[static_cast<std::size_t>(Verdict::kDiffers)]);
  ++counts.hidden;
}

void VerdictCounts::AddTargetUnasked(std::size_t component) {
  ComponentCounts& counts = components_.at(component);
  SM_ASSERT(counts.target_unasked < counts.reasons[static_cast<std::size_t>(Reason::kBreakerOpen)]);
  ++counts.target_unasked;
}

json VerdictCounts::ToJson() const {
  json components = json::array();
  for (const ComponentCounts& counts : components_) {
    json verdicts = json::object();
    for (std::size_t i = 0; i < kVerdicts; ++i) verdicts[std::string(Name(static_cast<Verdict>(i)))] = counts.verdicts[i];
    components.push_back({{"name", counts.component},
                          {"rulesHash", fmt::format("{:016x}", counts.rules_hash)},
                          {"eligible", counts.eligible},
                          {"verdicts", std::move(verdicts)},
                          {"dropped", ReasonsJson(counts, Verdict::kDropped)},
                          {"uncomparable", ReasonsJson(counts, Verdict::kUncomparable)},
                          {"hidden", counts.hidden},
                          {"targetUnasked", counts.target_unasked}});
  }
  return {{"epoch", epoch_}, {"components", std::move(components)}};
}

}  // namespace softmig::compare
