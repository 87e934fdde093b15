#include "compare/noise.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/assert.hpp"

namespace softmig::compare {
namespace {

using nlohmann::json;

/// Whether two answers were looked at.
bool WasCompared(const Outcome& outcome) {
  switch (outcome.verdict) {
    case Verdict::kEqual:
    case Verdict::kEqualAfterRules:
    case Verdict::kDiffers:
    case Verdict::kStatusDiffers: return true;
    default: return false;
  }
}

/// In a control, either answer may be the one that lacks something.
NoisePlace PlaceOf(const FieldDifference& field) {
  const auto [first, second] = std::minmax(field.legacy.kind, field.target.kind);
  return {field.path, first, second};
}

/// What differs within it would be hidden with it, critical or not.
bool HoldsMore(ValueKind kind) { return kind == ValueKind::kArray || kind == ValueKind::kObject || kind == ValueKind::kBytes; }

bool MayBeNoise(const FieldDifference& field) {
  return !field.critical && !field.mixed && !HoldsMore(field.legacy.kind) && !HoldsMore(field.target.kind);
}

json CountsJson(const analysis::Counts& counts) { return {{"differs", counts.bad}, {"compared", counts.total}}; }

json FieldJson(const FieldNoise& field) {
  json out = CountsJson(field.raw);
  out["path"] = field.place.path;
  out["kinds"] = {Name(field.place.first), Name(field.place.second)};
  out["controls"] = CountsJson(field.control);
  out["excess"] = {field.excess.lower, field.excess.upper};
  out["hidden"] = field.hidden;
  return out;
}

}  // namespace

analysis::Interval Excess(const analysis::Counts& raw, const analysis::Counts& control, double alpha) {
  const analysis::Interval left = analysis::ConfidenceSequence(raw, alpha / 2);
  const analysis::Interval right = analysis::ConfidenceSequence(control, alpha / 2);
  return {left.lower - right.upper, left.upper - right.lower};
}

NoiseControl::NoiseControl(double alpha) : alpha_(alpha) { SM_ASSERT(alpha > 0 && alpha < 1); }

bool NoiseControl::Add(const Outcome& outcome, double Seen::* count, analysis::Counts& total) {
  if (!WasCompared(outcome)) return false;
  total.total += 1;
  if (!outcome.fields.empty()) total.bad += 1;
  for (const FieldDifference& field : outcome.fields) {
    if (!MayBeNoise(field)) continue;
    NoisePlace place = PlaceOf(field);
    auto seen = fields_.find(place);
    if (seen == fields_.end() && fields_.size() < kMostFields) seen = fields_.emplace(std::move(place), Seen()).first;
    if (seen != fields_.end()) seen->second.*count += 1;
  }
  return true;
}

void NoiseControl::AddRaw(const Outcome& outcome) { Add(outcome, &Seen::raw, raw_); }
bool NoiseControl::AddControl(const Outcome& outcome) { return Add(outcome, &Seen::control, control_); }

FieldNoise NoiseControl::Judge(const NoisePlace& place, const Seen& seen) const {
  FieldNoise field{place, {raw_.total, seen.raw}, {control_.total, seen.control}, {}, 0, hidden_.contains(place)};
  field.excess = Excess(field.raw, field.control, alpha_);
  field.least_noise = analysis::ConfidenceSequence(field.control, alpha_ / 2).lower;
  return field;
}

void NoiseControl::Refresh() {
  noisy_.clear();
  for (const auto& [place, seen] : fields_) {
    if (seen.control == 0) continue;
    FieldNoise& field = noisy_.emplace_back(Judge(place, seen));
    const double explained = seen.raw > 0 ? field.least_noise * raw_.total / seen.raw : 0;
    const double needed = field.hidden ? kLeastExplained / 2 : kLeastExplained;
    field.hidden = field.excess.lower <= 0 && explained >= needed;
  }
  hidden_.clear();
  for (const FieldNoise& field : noisy_) {
    if (field.hidden) hidden_.insert(field.place);
  }
}

bool NoiseControl::Mark(Outcome& outcome) const {
  if (outcome.verdict != Verdict::kDiffers) return false;
  for (FieldDifference& field : outcome.fields) field.hidden = MayBeNoise(field) && hidden_.contains(PlaceOf(field));
  return !outcome.more_fields && std::ranges::all_of(outcome.fields, &FieldDifference::hidden);
}

std::vector<FieldNoise> NoiseControl::Fields() const {
  std::vector<FieldNoise> fields;
  for (const auto& [place, seen] : fields_) fields.push_back(Judge(place, seen));
  return fields;
}

FieldNoise NoiseControl::Total() const { return Judge({}, {raw_.bad, control_.bad}); }

json NoiseJson(const std::vector<FieldNoise>& fields) {
  json list = json::array();
  for (const FieldNoise& field : fields) list.push_back(FieldJson(field));
  return list;
}

}  // namespace softmig::compare
