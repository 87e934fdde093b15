#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/odds_grid.hpp"
#include "analysis/promotion_evidence.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace softmig::analysis {

/// What is tolerated of one metric, and how sure a decision must be. The defaults are the product's.
struct EvidenceSettings {
  enum class Kind {
    kAbsolute,           ///< at most `tolerance` of the requests are bad; 0: the first bad one rolls back
    kRelative,           ///< at most `ratio` times legacy's rate, or at most `floor`
    kZeroDiscrepancies,  ///< no bad comparison at all; `comparisons` clean ones in a stage advance it
  };
  enum class Unit {
    kRequests,  ///< each request counts (phi deflates them)
    kWindows,   ///< each window is one observation; only kAbsolute
  };
  Kind kind = Kind::kAbsolute;
  Unit unit = Unit::kRequests;
  double tolerance = 0.01;  ///< p0, share of requests
  double ratio = 1.25;
  double floor = 1e-3;               ///< rates up to this are fine whatever legacy's is; 0: none
  double comparisons = 0;            ///< only kZeroDiscrepancies; 0: can never advance
  double alpha = 0.01;               ///< probability that a version within tolerance is ever rolled back
  double beta = 0.01;                ///< probability that a version beyond tolerance is advanced, for each stage
  std::optional<double> hard_limit;  ///< a rate that rolls back at once, without burst cap
  std::optional<base::Millis> burst_tolerance{base::Millis(60'000)};  ///< bursts this long are let pass; nullopt: no cap
  std::optional<double> cap;  ///< nats a window, instead of what burst_tolerance gives; infinity: none
  std::optional<double> phi;  ///< design effect; nullopt: learned from legacy
  /// kAbsolute: while legacy itself is found beyond the tolerance, a rollback would help nobody: the target is then judged relative to it.
  bool excuse_shared_failure = false;
  std::string source;  ///< what is counted (queries, address): evidence about something else starts anew
};

/// Settings that make sense, with all that follows from them computed once. Immutable, about 1.5 KB, cheap to share between threads.
class EvidenceRule {
 public:
  /// kInvalid with what is wrong, in the words of the settings.
  static base::Result<EvidenceRule> Make(EvidenceSettings settings);

  [[nodiscard]] const EvidenceSettings& settings() const { return settings_; }
  /// Of what state is about (kind, unit, tolerances, grid, source). Evidence under another hash is discarded. alpha, beta, phi and the cap
  /// are not in it: evidence stays valid when they change.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

  /// No bad request is tolerated: not a matter of evidence.
  [[nodiscard]] bool IsDeterministic() const;
  /// Most nats a window of `seconds` may add: 16.5 seconds/burst tolerance, so that a breach must last about as long as that.
  [[nodiscard]] double CapOf(double seconds) const;

  /// ln(1/alpha), ln(1/beta).
  [[nodiscard]] double rollback_threshold() const { return rollback_threshold_; }
  [[nodiscard]] double promotion_threshold() const { return promotion_threshold_; }

  /// The tolerance (kAbsolute), the floor (kRelative) and the hard limit as grids; nullopt where there is none.
  [[nodiscard]] const std::optional<OddsGrid>& absolute() const { return absolute_; }
  [[nodiscard]] const std::optional<ShareGrid>& shares() const { return shares_; }
  [[nodiscard]] const std::optional<OddsGrid>& hard() const { return hard_; }

 private:
  explicit EvidenceRule(EvidenceSettings settings);

  EvidenceSettings settings_;
  std::uint64_t hash_ = 0;
  double rollback_threshold_ = 0;
  double promotion_threshold_ = 0;
  std::optional<OddsGrid> absolute_;
  std::optional<ShareGrid> shares_;
  std::optional<OddsGrid> hard_;
};

}  // namespace softmig::analysis
