#include "analysis/evidence_rule.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/hash.hpp"

namespace softmig::analysis {
namespace {

using Kind = EvidenceSettings::Kind;
using Unit = EvidenceSettings::Unit;

/// A breach that says all a window may say crosses ln(1/alpha) after about one burst tolerance in the middle of a migration.
constexpr double kNatsPerBurstTolerance = 16.5;
constexpr std::string_view kGridVersion = "grid1";

bool IsShare(double number) { return number > 0 && number < 1; }

/// What is wrong with the settings, "" for nothing. Comparisons are written so that NaN fails them.
std::string Problem(const EvidenceSettings& s) {
  if (!IsShare(s.alpha) || !IsShare(s.beta)) return "alpha and beta must be above 0 and below 1";
  if (s.kind == Kind::kAbsolute && !(s.tolerance >= 0 && s.tolerance < 1)) return "the tolerated rate must be at least 0 and below 1";
  if (s.kind == Kind::kRelative && !(s.ratio > 0 && s.ratio <= 1e6)) return "the tolerated ratio must be above 0 and at most 1e6";
  if (s.kind == Kind::kRelative && !(s.floor >= 0 && s.floor < 1)) return "the floor must be at least 0 and below 1";
  if (s.kind == Kind::kZeroDiscrepancies && !(s.comparisons >= 0 && s.comparisons <= 1e15)) {
    return "the number of comparisons must be from 0 to 1e15";
  }
  if (s.unit == Unit::kWindows && s.kind != Kind::kAbsolute) return "only an absolute tolerance can be judged by windows";
  if (s.hard_limit && !IsShare(*s.hard_limit)) return "the hard limit must be above 0 and below 1";
  if (s.hard_limit && s.kind == Kind::kAbsolute && *s.hard_limit <= s.tolerance) return "the hard limit must be above the tolerated rate";
  if (s.burst_tolerance && s.burst_tolerance->count() <= 0) return "the burst tolerance must be above 0";
  if (s.cap && !(*s.cap > 0)) return "the cap must be above 0";
  if (s.phi && !(*s.phi >= 1 && std::isfinite(*s.phi))) return "phi must be at least 1";
  return "";
}

/// Only what the kind looks at: an unused field may change.
std::string About(const EvidenceSettings& s) {
  std::string about = fmt::format("{} kind={} unit={}", kGridVersion, static_cast<int>(s.kind), static_cast<int>(s.unit));
  if (s.kind == Kind::kAbsolute) about += fmt::format(" tolerance={:.17g}", s.tolerance);
  if (s.kind == Kind::kRelative) about += fmt::format(" ratio={:.17g} floor={:.17g}", s.ratio, s.floor);
  if (s.kind == Kind::kZeroDiscrepancies) about += fmt::format(" comparisons={:.17g}", s.comparisons);
  if (s.hard_limit) about += fmt::format(" hard={:.17g}", *s.hard_limit);
  return about + " source=" + s.source;
}

}  // namespace

base::Result<EvidenceRule> EvidenceRule::Make(EvidenceSettings settings) {
  const std::string problem = Problem(settings);
  if (!problem.empty()) return base::Fail(base::ErrorCode::kInvalid, problem);
  return EvidenceRule(std::move(settings));
}

EvidenceRule::EvidenceRule(EvidenceSettings settings)
    : settings_(std::move(settings)),
      hash_(base::Fnv1a(About(settings_))),
      rollback_threshold_(-std::log(settings_.alpha)),
      promotion_threshold_(-std::log(settings_.beta)) {
  const double rate = settings_.kind == Kind::kAbsolute ? settings_.tolerance : settings_.kind == Kind::kRelative ? settings_.floor : 0;
  if (rate > 0) {
    absolute_ = MakeOddsGrid(rate);
    shares_ = MakeShareGrid(rate);
  }
  if (settings_.hard_limit) hard_ = MakeOddsGrid(*settings_.hard_limit);
}

bool EvidenceRule::IsDeterministic() const { return settings_.kind != Kind::kRelative && !absolute_; }

double EvidenceRule::CapOf(double seconds) const {
  if (settings_.cap) return *settings_.cap;
  if (!settings_.burst_tolerance) return kNoCap;
  return kNatsPerBurstTolerance * seconds / std::chrono::duration<double>(*settings_.burst_tolerance).count();
}

}  // namespace softmig::analysis
