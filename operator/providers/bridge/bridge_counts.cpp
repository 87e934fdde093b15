#include "providers/bridge/bridge_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kMostComponents = 64;
constexpr std::size_t kMostVerdicts = 32;
constexpr std::size_t kLongestName = 128;
constexpr const char* kDiffers = "differs";
constexpr const char* kDropped = "dropped";
constexpr double kMostCounted = 1e15;  // beyond, a double no longer counts in ones

std::unexpected<base::Error> Wrong(const std::string& what) { return base::Fail(ErrorCode::kInvalid, "the agent's counts: " + what); }

bool IsName(const std::string& text) { return !text.empty() && text.size() <= kLongestName; }

/// Whole and at least 0; negative where it is no such number.
double CountIn(const json& value) {
  if (!value.is_number_integer()) return -1;
  const auto count = value.get<double>();
  return count <= kMostCounted ? count : -1;
}

base::Result<ComponentVerdicts> ReadComponent(const json& component) {
  const json* verdicts = Member(component, "verdicts");
  if (verdicts == nullptr || !verdicts->is_object() || verdicts->size() > kMostVerdicts) return Wrong("a component without verdicts");
  ComponentVerdicts out{TextMember(component, "rulesHash"), {}, 0, 0};
  if (out.rules.size() > kLongestName) return Wrong("a hash that is too long");
  for (const auto& [name, value] : verdicts->items()) {
    const double count = CountIn(value);
    if (!IsName(name) || count < 0) return Wrong("a verdict that was not counted");
    out.verdicts[name] = count;
  }
  const auto part = [&](const char* name, const char* verdict) {
    const json* value = Member(component, name);
    const auto whole = out.verdicts.find(verdict);
    const double count = value == nullptr ? 0 : CountIn(*value);
    return count <= (whole == out.verdicts.end() ? 0 : whole->second) ? count : -1;
  };
  out.hidden = part("hidden", kDiffers);
  out.target_unasked = part("targetUnasked", kDropped);
  if (out.hidden < 0) return Wrong("more is noise than differs");
  if (out.target_unasked < 0) return Wrong("more was not asked than was dropped");
  return out;
}

bool IsGivenUp(const std::string& verdict) { return verdict == kDropped || verdict == "uncomparable"; }

/// Whether a target that fails is bad. Through Envoy it answers 503 where nobody listens, so another status is one of its ways.
bool CountsFailing(const std::vector<std::string>& bad) {
  constexpr std::array<std::string_view, 3> kFailing{"target-error", "target-timeout", "status-differs"};
  return std::ranges::any_of(bad, [&](const std::string& verdict) { return std::ranges::find(kFailing, verdict) != kFailing.end(); });
}

}  // namespace

base::Result<BridgeCounts> ReadBridgeCounts(const json& answer) {
  BridgeCounts counts{TextMember(answer, "epoch"), {}};
  if (!IsName(counts.epoch)) return Wrong("no epoch");
  const json* components = Member(answer, "components");
  if (components == nullptr || !components->is_array() || components->size() > kMostComponents) return Wrong("no components");
  for (const json& component : *components) {
    const std::string name = TextMember(component, "name");
    if (!IsName(name)) return Wrong("a component without a name");
    auto verdicts = ReadComponent(component);
    if (!verdicts) return base::Fail(verdicts.error());
    if (!counts.components.emplace(name, std::move(*verdicts)).second) return Wrong("a component twice");
  }
  return counts;
}

base::Result<VerdictSums> SumVerdicts(const ComponentVerdicts& counts, const std::vector<std::string>& bad) {
  for (const std::string& verdict : bad) {
    if (!counts.verdicts.contains(verdict)) return Wrong(fmt::format("it knows no verdict \"{}\"", verdict));
  }
  VerdictSums sums;
  for (const auto& [verdict, count] : counts.verdicts) {
    const bool is_bad = std::ranges::find(bad, verdict) != bad.end();
    if (is_bad) sums.bad += verdict == kDiffers ? count - counts.hidden : count;
    if (is_bad || !IsGivenUp(verdict)) sums.total += count;
    if (!is_bad && IsGivenUp(verdict)) sums.given_up += count;
  }
  const bool is_counted = std::ranges::find(bad, kDropped) != bad.end();
  if (CountsFailing(bad) && !is_counted) {
    sums.bad += counts.target_unasked;
    sums.total += counts.target_unasked;
    sums.given_up -= counts.target_unasked;
  }
  return sums;
}

}  // namespace softmig::providers
