#include "judge/run_judge.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "analysis/assessment.hpp"
#include "analysis/combine.hpp"
#include "analysis/evidence_json.hpp"
#include "judge/judge_input.hpp"

namespace softmig::judge {
namespace {

using analysis::BadInput;
using analysis::EvidenceRule;
using analysis::MetricEvidence;

/// Evidence, and the time in which the windows lie end to end.
class Replay {
 public:
  Replay(EvidenceRule rule, double default_seconds) : rule_(std::move(rule)), default_seconds_(default_seconds) {}

  /// Takes one step; says why its window was dropped, or why its legacy half was.
  std::optional<BadInput> Take(const JudgeStep& step) {
    if (step.kind == JudgeStep::Kind::kStage) {
      evidence_ = analysis::StartStage(rule_, std::move(evidence_));
      return std::nullopt;
    }
    if (evidence_.detector.stage == 0) evidence_ = analysis::StartStage(rule_, std::move(evidence_));
    const auto length = base::Millis(std::llround(step.seconds.value_or(default_seconds_) * 1000));
    const analysis::EvidenceWindow window{now_, now_ + length, step.target, step.legacy};
    const analysis::DroppedWindows before = evidence_.dropped;
    evidence_ = analysis::Advance(rule_, std::move(evidence_), window);
    if (evidence_.last_window_end) now_ = *evidence_.last_window_end;
    for (std::size_t kind = 0; kind < before.size(); ++kind) {
      if (evidence_.dropped[kind] != before[kind]) return static_cast<BadInput>(kind);
    }
    return std::nullopt;
  }

  /// The line of the step taken last.
  std::string Line(std::optional<BadInput> dropped) {
    const analysis::Explanation explanation = analysis::Explain(rule_, evidence_);
    const analysis::Assessment& assessment = explanation.assessment;
    decision_ = analysis::Combine(decision_, {{"metric", assessment}}, rule_.settings().alpha);
    std::string line = fmt::format(R"({{"logM":{},"logEminus":{},"verdict":"{}","lower":{},"upper":{})", Number(assessment.log_rollback),
                                   Number(assessment.log_promotion), Verdict(assessment), Number(explanation.target.lower),
                                   Number(explanation.target.upper));
    if (dropped) line += fmt::format(R"(,"dropped":"{}")", analysis::Name(*dropped));
    return line + "}";
  }

 private:
  static std::string Number(double number) { return std::isfinite(number) ? analysis::ExactText(number) : "null"; }

  [[nodiscard]] const char* Verdict(const analysis::Assessment& assessment) const {
    if (decision_.breached) return "rollback";
    if (decision_.holding) return "hold";
    if (decision_.may_advance) return "promote";
    return assessment.verdict == model::Verdict::kNoData ? "noData" : "undecided";
  }

  EvidenceRule rule_;
  double default_seconds_;
  base::WallTime now_{};
  MetricEvidence evidence_;
  analysis::ComponentEvidence decision_;
};

}  // namespace

int RunJudge(std::istream& in, std::ostream& out, std::ostream& err, const JudgeOptions& options) {
  auto rule = EvidenceRule::Make(options.settings);
  if (!rule) {
    err << rule.error().message << '\n';
    return kBadInput;
  }
  const bool needs_legacy = rule->settings().kind == analysis::EvidenceSettings::Kind::kRelative;
  Replay replay(std::move(*rule), options.default_seconds);
  JudgeInput input(in);
  int code = kAllJudged;
  while (true) {
    const auto step = input.Next();
    if (!step) {
      err << "line " << input.line() << ": " << step.error().message << '\n';
      return kBadInput;
    }
    if (!*step) break;
    if (needs_legacy && (*step)->kind == JudgeStep::Kind::kPoll && !(*step)->legacy) {
      err << "line " << input.line() << ": n2 and k2 are missing; they are what the target is compared with\n";
      return kBadInput;
    }
    const auto dropped = replay.Take(**step);
    if (dropped) {
      err << "line " << input.line() << ": dropped, it is no evidence: " << analysis::Name(*dropped) << '\n';
      code = kBadInput;
    }
    if (!(out << replay.Line(dropped) << '\n')) return kOutputFailed;
  }
  if (input.line() == 0) {
    err << "line 1: the input is empty\n";
    return kBadInput;
  }
  return out.flush() ? code : kOutputFailed;
}

}  // namespace softmig::judge
