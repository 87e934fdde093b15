#include "judge/judge_options.hpp"

#include <CLI/CLI.hpp>
#include <limits>
#include <string>

#include "analysis/evidence_json.hpp"

namespace softmig::judge {
namespace {

using analysis::EvidenceSettings;

/// Flags as given, before they become settings.
struct Flags {
  std::optional<double> tolerance;
  std::string cap, phi = "1";
  bool relative = false;
  double ratio = 1.25, floor = 0, alpha = 0.01, beta = 0.01;
};

double NumberOf(const char* flag, const std::string& text) {
  const auto number = analysis::ParseExact(text);
  if (!number) throw CLI::ValidationError(flag, number.error().message);
  return *number;
}

EvidenceSettings SettingsOf(const Flags& flags) {
  EvidenceSettings settings;
  settings.kind = flags.relative ? EvidenceSettings::Kind::kRelative : EvidenceSettings::Kind::kAbsolute;
  if (!flags.relative && !flags.tolerance) throw CLI::RequiredError("--p0 (or --relative)");
  settings.tolerance = flags.tolerance.value_or(settings.tolerance);
  settings.ratio = flags.ratio;
  settings.floor = flags.floor;
  settings.alpha = flags.alpha;
  settings.beta = flags.beta;
  if (flags.cap == "none") {
    settings.cap = std::numeric_limits<double>::infinity();
  } else if (!flags.cap.empty()) {
    settings.cap = NumberOf("--cap", flags.cap);
  }
  if (flags.phi != "auto") settings.phi = NumberOf("--phi", flags.phi);
  return settings;
}

}  // namespace

ParsedJudgeOptions ParseJudgeOptions(int argc, const char* const* argv) {
  CLI::App app(
      "Says what the operator would conclude from counts of requests.\n"
      "Standard input: CSV (n,k[,n2,k2][,dt][,op]) or JSON lines; standard output: a JSON line a step.",
      "softmigration-judge");
  app.set_version_flag("--version", std::string("softmigration-judge ") + SOFTMIG_VERSION);
  Flags flags;
  app.add_option("--p0", flags.tolerance, "Tolerated share of bad requests; 0: the first bad one rolls back");
  app.add_option("--cap", flags.cap,
                 "Most nats of evidence a window may add, or none; default: 16.5 dt/60, a burst tolerance of one minute");
  app.add_option("--phi", flags.phi, "Design effect of the counts, at least 1; auto: learned from n2,k2")->capture_default_str();
  app.add_flag("--relative", flags.relative, "Judge n,k relative to legacy's n2,k2");
  app.add_option("--r0", flags.ratio, "With --relative: tolerated ratio to legacy's rate")->capture_default_str();
  app.add_option("--floor", flags.floor, "With --relative: a rate that is fine whatever legacy's is; 0: none")->capture_default_str();
  app.add_option("--alpha", flags.alpha, "Probability that a good version is ever rolled back")->capture_default_str();
  app.add_option("--beta", flags.beta, "Probability that a bad version is promoted, for each stage")->capture_default_str();
  ParsedJudgeOptions parsed;
  try {
    app.parse(argc, argv);
    parsed.options.settings = SettingsOf(flags);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? kAllJudged : kBadInput;
  }
  return parsed;
}

}  // namespace softmig::judge
