#include "compare/difference_sample.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/assert.hpp"
#include "base/time_format.hpp"
#include "model/safe_text.hpp"

namespace softmig::compare {
namespace {

using nlohmann::json;

json ValueJson(const SampledValue& value) {
  json out{{"kind", Name(value.kind)}};
  if (!value.digest.empty()) out["hmac"] = value.digest;
  if (value.shown) out["shown"] = *value.shown;
  return out;
}

std::uint64_t Shown(const SampledDifference& difference) { return difference.count - difference.hidden; }

}  // namespace

DifferenceSample::DifferenceSample(ValueDigest digest, std::size_t most) : digest_(std::move(digest)), most_(most) { SM_ASSERT(most > 0); }

SampledValue DifferenceSample::Sample(const Value& value, bool shown) const {
  SampledValue sampled{value.kind, "", std::nullopt};
  if (value.kind == ValueKind::kAbsent) return sampled;
  sampled.digest = digest_.Of(value.text);
  if (shown) sampled.shown = model::CutText(value.text, kShownBytes);
  return sampled;
}

SampledDifference& DifferenceSample::Find(std::string_view component, const FieldDifference& field, base::WallTime now) {
  const auto is_same = [&](const SampledDifference& known) { return known.path == field.path && known.component == component; };
  const auto known = std::ranges::find_if(differences_, is_same);
  if (known != differences_.end()) return *known;
  SampledDifference fresh{
      std::string(component), field.path, Sample(field.legacy, field.shown), Sample(field.target, field.shown), 0, 0, now, now,
      field.critical};
  if (differences_.size() < most_) return differences_.emplace_back(std::move(fresh));
  ++left_out_;
  auto& least = *std::ranges::min_element(differences_, {}, [](const SampledDifference& difference) {
    return std::tuple(difference.critical, Shown(difference), difference.count, difference.last);
  });
  return least = std::move(fresh);
}

void DifferenceSample::Add(std::string_view component, const Outcome& outcome, base::WallTime now) {
  for (const FieldDifference& field : outcome.fields) {
    SampledDifference& difference = Find(component, field, now);
    ++difference.count;
    if (field.hidden) ++difference.hidden;
    difference.last = std::max(difference.last, now);
    difference.critical = difference.critical || field.critical;
  }
}

std::vector<SampledDifference> DifferenceSample::Worst() const {
  std::vector<SampledDifference> worst = differences_;
  std::ranges::sort(worst, [](const SampledDifference& a, const SampledDifference& b) {
    return std::tuple(b.critical, Shown(b), b.count, std::string_view(a.component), std::string_view(a.path)) <
           std::tuple(a.critical, Shown(a), a.count, std::string_view(b.component), std::string_view(b.path));
  });
  return worst;
}

json DifferenceSample::ToJson() const {
  json differences = json::array();
  for (const SampledDifference& difference : Worst()) {
    differences.push_back({{"component", difference.component},
                           {"path", difference.path},
                           {"legacy", ValueJson(difference.legacy)},
                           {"target", ValueJson(difference.target)},
                           {"count", difference.count},
                           {"hidden", difference.hidden},
                           {"first", base::FormatRfc3339(difference.first)},
                           {"last", base::FormatRfc3339(difference.last)},
                           {"critical", difference.critical}});
  }
  return {{"differences", std::move(differences)}, {"leftOut", left_out_}};
}

}  // namespace softmig::compare
