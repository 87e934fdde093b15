#include "compare/noise.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace softmig::compare {
namespace {

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

}  // namespace

analysis::Interval Excess(const analysis::Counts& raw, const analysis::Counts& control, double alpha) {
  const analysis::Interval left = analysis::ConfidenceSequence(raw, alpha / 2);
  const analysis::Interval right = analysis::ConfidenceSequence(control, alpha / 2);
  return {left.lower - right.upper, left.upper - right.lower};
}

NoiseControl::NoiseControl(double alpha) : alpha_(alpha) { SM_ASSERT(alpha > 0 && alpha < 1); }

void NoiseControl::Add(const Outcome& outcome, double Seen::* count, analysis::Counts& total) {
  if (!WasCompared(outcome)) return;
  total.total += 1;
  if (outcome.fields.empty()) return;
  total.bad += 1;
  for (const FieldDifference& field : outcome.fields) {
    auto seen = fields_.find(field.path);
    if (seen == fields_.end() && fields_.size() < kMostFields) seen = fields_.emplace(field.path, Seen()).first;
    if (seen == fields_.end()) continue;
    seen->second.*count += 1;
    seen->second.critical = seen->second.critical || field.critical;
  }
}

void NoiseControl::AddRaw(const Outcome& outcome) { Add(outcome, &Seen::raw, raw_); }
void NoiseControl::AddControl(const Outcome& outcome) { Add(outcome, &Seen::control, control_); }

FieldNoise NoiseControl::Judge(const std::string& path, const Seen& seen) const {
  FieldNoise field{path, {raw_.total, seen.raw}, {control_.total, seen.control}, {}, seen.critical, false};
  field.excess = Excess(field.raw, field.control, alpha_);
  field.hidden = !field.critical && field.control.bad > 0 && field.excess.lower <= 0;
  return field;
}

void NoiseControl::Refresh() {
  hidden_.clear();
  for (const auto& [path, seen] : fields_) {
    if (seen.control > 0 && Judge(path, seen).hidden) hidden_.insert(path);
  }
}

bool NoiseControl::IsNoise(const Outcome& outcome) const {
  if (outcome.verdict != Verdict::kDiffers || outcome.more_fields) return false;
  return std::ranges::all_of(outcome.fields, [&](const FieldDifference& field) { return !field.critical && hidden_.contains(field.path); });
}

std::vector<FieldNoise> NoiseControl::Fields() const {
  std::vector<FieldNoise> fields;
  for (const auto& [path, seen] : fields_) fields.push_back(Judge(path, seen));
  return fields;
}

FieldNoise NoiseControl::Total() const { return {"", raw_, control_, Excess(raw_, control_, alpha_), false, false}; }

}  // namespace softmig::compare
