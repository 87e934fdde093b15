#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "analysis/assessment.hpp"
#include "analysis/combine.hpp"
#include "traffic.hpp"

namespace softmig::judgement {

/// What a rule does after a window.
enum class Outcome { kGoesOn, kRollsBack, kPromotes, kGivesUp };

/// What a rule is asked: to watch for a violation for ever, or whether a stage may end.
enum class Question { kWatch, kStage };

/// A rule in one run.
class Rule {
 public:
  virtual ~Rule() = default;
  /// A window from before the target had traffic: only legacy's counts are real.
  virtual void Learn(const WindowCounts&, double /*seconds*/) {}
  /// One more window of `seconds`. Not called again after anything but kGoesOn.
  virtual Outcome Look(const WindowCounts& counts, double seconds) = 0;
};

/// A kind of rule: makes one for each run, from several threads at once.
struct RuleKind {
  std::string name;
  std::function<std::unique_ptr<Rule>()> make;
};

/// The production code: Advance, Assess and Combine of operator/analysis, a stage begun at the start.
RuleKind OurRule(const std::string& name, const analysis::EvidenceRule& rule, Question question);

/// A peer's rule: one look each 60 s at the share of bad requests since the last one; above `threshold`, or no request at all, is a failed
/// check.
struct PeerSettings {
  double threshold = 0.01;
  bool relative = false;   ///< compare with threshold times legacy's rate instead
  int fails = 5;           ///< rolls back after this many failed checks, which add up
  bool next_look = true;   ///< only at the look after that (Flagger); at once (Argo)
  int passes = 10;         ///< kStage: promotes after this many
  bool count_all = false;  ///< kStage: of `passes` checks, good or bad (Argo's count); else of good ones (Flagger)
};
RuleKind PeerRule(const std::string& name, const PeerSettings& settings, Question question);
PeerSettings Flagger(int threshold_of_fails);
PeerSettings Argo(int failure_limit);

/// CUSUM of the log likelihood ratio of `bad_rate` against `good_rate`: the best detector of a change between two known rates.
/// Rolls back at `threshold` nats.
struct CusumSettings {
  double good_rate = 0.01;
  double bad_rate = 0.02;
  double cap = std::numeric_limits<double>::infinity();  ///< most nats a window may add, as ours has it for bursts
};
RuleKind Cusum(const CusumSettings& settings, double threshold);

/// The threshold at which Cusum rolls back a share `alpha` of runs of `horizon_seconds` at the good rate, by simulation.
struct Calibration {
  CusumSettings cusum;
  double rps = 1;
  double seconds = 10;  ///< of a window
  double horizon_seconds = 7 * 86'400;
  int runs = 5'000;
  double alpha = 0.01;
};
double CalibrateCusum(const Calibration& calibration, std::uint64_t seed);

}  // namespace softmig::judgement
