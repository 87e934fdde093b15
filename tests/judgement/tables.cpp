#include "tables.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <tuple>

namespace softmig::judgement {
namespace {

using analysis::EvidenceSettings;

constexpr double kTolerance = 0.01;
constexpr double kHealthy = 0.5 * kTolerance;
constexpr double kNever = 1e18;
constexpr double kHalfWeek = 3.5 * 86'400;
constexpr double kShort = 10;  // windows of the product
constexpr double kLong = 60;   // windows of the rows about noise

analysis::EvidenceRule RuleOf(const EvidenceSettings& settings) {
  auto rule = analysis::EvidenceRule::Make(settings);
  if (!rule) throw std::invalid_argument(rule.error().message);
  return *rule;
}

EvidenceSettings Defaults() {
  EvidenceSettings settings;
  settings.tolerance = kTolerance;
  settings.phi = 1;
  return settings;
}

std::vector<RuleKind> PeersAnd(RuleKind ours, const PeerSettings& like = {}) {
  std::vector<RuleKind> rules;
  for (const auto& [name, peer] :
       {std::pair("Flagger 5", Flagger(5)), {"Flagger 10", Flagger(10)}, {"Argo 0", Argo(0)}, {"Argo 3", Argo(3)}}) {
    PeerSettings settings = peer;
    settings.threshold = like.threshold;
    settings.relative = like.relative;
    rules.push_back(PeerRule(name, settings, Question::kWatch));
  }
  rules.push_back(std::move(ours));
  return rules;
}

/// A row with the four peers and our rule at its defaults.
Row Watch(std::string name, const Steady& steady, Bar bar, const TableOptions& options) {
  Row row;
  row.cell.name = std::move(name);
  row.cell.traffic = SteadyTraffic(steady, kShort);
  row.cell.rules = PeersAnd(OurRule("ours", RuleOf(Defaults()), Question::kWatch));
  row.cell.break_at = steady.break_at < kNever ? steady.break_at : 0;
  row.cell.runs = options.runs;
  row.bar = bar;
  return row;
}

Steady At(double rps, double times) { return {rps, times * kTolerance, times * kTolerance}; }

constexpr double kLegacyRate = 0.005;
constexpr Steady kLegacy{900, kLegacyRate, kLegacyRate};

/// A target of 100 rps with `times` legacy's rate, from `at` on `then` times.
Steady OfLegacy(double times, double then, double at) { return {100, times * kLegacyRate, then * kLegacyRate, at}; }

/// A row in which the target is compared with legacy: at most 1.25 times its rate; for our rule with the default floor.
Row Beside(const std::string& name, const Sides& sides, Bar bar, const TableOptions& options) {
  EvidenceSettings settings = Defaults();
  settings.kind = EvidenceSettings::Kind::kRelative;
  Row row;
  row.cell.name = name;
  row.cell.traffic = TwoSidedTraffic(sides, kLong);
  row.cell.rules = PeersAnd(OurRule("ours", RuleOf(settings), Question::kWatch), {.threshold = settings.ratio, .relative = true});
  row.cell.window_seconds = kLong;
  row.cell.break_at = sides.target.break_at < kNever ? sides.target.break_at : 0;
  row.cell.runs = options.runs;
  row.bar = bar;
  return row;
}

std::string RpsText(double rps) { return fmt::format("{:g} rps", rps); }

}  // namespace

Table FalseRollbacks(const TableOptions& options) {
  Table table{"False rollbacks in 7 days (median time until it happens)", "traffic", Shows::kRollbacks, {}};
  for (const double rps : {1.0, 1000.0}) {
    table.rows.push_back(Watch("half the tolerated rate, " + RpsText(rps), At(rps, 0.5), Bar::kHalf, options));
  }
  for (const double rps : {1.0, 1000.0}) table.rows.push_back(Watch("0.9 of it, " + RpsText(rps), At(rps, 0.9), Bar::kNone, options));
  for (const double rps : {1.0, 1000.0}) {
    table.rows.push_back(Watch("exactly the tolerated rate, " + RpsText(rps), At(rps, 1), Bar::kBoundary, options));
  }
  Steady night = At(1, 0.5);
  night.asleep_at_night = true;
  table.rows.push_back(Watch("half of it, 1 rps, no request at night", night, Bar::kHalf, options));
  table.rows.push_back(Watch("half of it, 0.02 rps", At(0.02, 0.5), Bar::kHalf, options));
  table.rows.push_back(Watch("no request at all", At(0, 0.5), Bar::kHalf, options));
  return table;
}

Table Delays(const TableOptions& options) {
  Table table{"Median time to rollback / bad requests served by then", "traffic", Shows::kDelays, {}};
  for (const double rps : {1.0, 1000.0}) {
    for (const double times : {2.0, 5.0, 50.0}) {
      table.rows.push_back(Watch(fmt::format("bad {:g}x from the start, {}", times, RpsText(rps)), At(rps, times), Bar::kNone, options));
    }
  }
  for (const double rps : {1.0, 1000.0}) {
    for (const double times : {2.0, 5.0, 50.0}) {
      const Steady steady{rps, kHealthy, times * kTolerance, kHalfWeek};
      table.rows.push_back(Watch(fmt::format("3.5 days healthy, then {:g}x, {}", times, RpsText(rps)), steady, Bar::kNone, options));
    }
  }
  return table;
}

Table OracleRatios(const TableOptions& options) {
  Table table{
      "Mean time to rollback after 3.5 healthy days at 1 rps, beside a detector that knows the violation", "violation", Shows::kOracle, {}};
  std::map<std::tuple<double, double, double>, double> thresholds;
  const auto add = [&](double times, double seconds, const EvidenceSettings& settings, double cap, const std::string& how, Bar bar) {
    Calibration calibration;
    calibration.cusum = {kTolerance, times * kTolerance, cap};
    calibration.seconds = seconds;
    const auto [place, is_new] = thresholds.try_emplace({times, seconds, cap}, 0);
    if (is_new) place->second = CalibrateCusum(calibration, options.seed);
    Row row;
    row.cell.name = fmt::format("{:g}x, {}", times, how);
    row.cell.traffic = SteadyTraffic({1, kHealthy, times * kTolerance, kHalfWeek}, seconds);
    row.cell.rules = {Cusum(calibration.cusum, place->second), OurRule("ours", RuleOf(settings), Question::kWatch)};
    row.cell.window_seconds = seconds;
    row.cell.break_at = kHalfWeek;
    row.cell.runs = options.runs;
    row.bar = bar;
    table.rows.push_back(std::move(row));
  };
  // Windows of a minute hold less than the burst cap allows; shorter ones do not, so there the detector without a cap solves another task.
  for (const double times : {1.5, 2.0, 3.0, 5.0}) add(times, kLong, Defaults(), analysis::kNoCap, "60 s windows", Bar::kOracle);
  add(10, kLong, Defaults(), analysis::kNoCap, "60 s windows", Bar::kNone);
  EvidenceSettings uncapped = Defaults();
  uncapped.burst_tolerance.reset();
  add(2, kShort, Defaults(), analysis::kNoCap, "10 s windows", Bar::kOracle);
  add(5, kShort, Defaults(), analysis::kNoCap, "10 s windows, burst cap for ours only", Bar::kNone);
  add(5, kShort, Defaults(), RuleOf(Defaults()).CapOf(kShort), "10 s windows, the same burst cap for both", Bar::kOracle);
  add(5, kShort, uncapped, analysis::kNoCap, "10 s windows, burst cap for neither", Bar::kOracle);
  return table;
}

Table Promotions(const TableOptions& options) {
  Table table{"Probability that a stage is passed (median time; 60 s windows)", "true rate", Shows::kPromotions, {}};
  const auto add = [&](double times, double rps) {
    Row row;
    row.cell.name = fmt::format("{:g}x, {}", times, RpsText(rps));
    row.cell.traffic = SteadyTraffic(At(rps, times), kLong);
    row.cell.window_seconds = kLong;
    row.cell.rules = {PeerRule("Flagger 5, 10 good", Flagger(5), Question::kStage), PeerRule("Argo 3, count 10", Argo(3), Question::kStage),
                      OurRule("ours", RuleOf(Defaults()), Question::kStage)};
    // A share just below 1 % is to be told from one above: more runs at the boundary.
    row.cell.runs = times == 1 ? 4 * options.runs : options.runs;
    row.bar = times >= 1 ? Bar::kWrongPromotion : Bar::kNone;
    table.rows.push_back(std::move(row));
  };
  for (const double rps : {0.1, 1.0}) add(2, rps);
  add(5, 0.1);
  for (const double rps : {0.1, 1.0, 10.0, 1000.0}) add(1, rps);
  for (const double rps : {0.1, 1.0, 10.0, 1000.0}) add(0.5, rps);
  for (const double rps : {0.1, 1.0, 10.0}) add(0.1, rps);
  return table;
}

Table RelativeFalseRollbacks(const TableOptions& options) {
  Table table{"False rollbacks in 7 days, relative to legacy", "target beside legacy", Shows::kRollbacks, {}};
  table.rows.push_back(Beside("the same rate", {OfLegacy(1, 1, kNever), kLegacy, std::nullopt}, Bar::kHalf, options));
  table.rows.push_back(
      Beside("exactly 1.25 times its rate", {OfLegacy(1.25, 1.25, kNever), kLegacy, std::nullopt}, Bar::kBoundary, options));
  table.rows.push_back(
      Beside("the same rate, bursts of 30 % errors on both sides", {OfLegacy(1, 1, kNever), kLegacy, Bursts{}}, Bar::kHalf, options));
  return table;
}

Table RelativeDelays(const TableOptions& options) {
  Table table{"Median time to rollback / bad requests served by then, relative to legacy", "target beside legacy", Shows::kDelays, {}};
  for (const double times : {2.0, 5.0}) {
    const Sides sides{OfLegacy(1, times, kHalfWeek), kLegacy, std::nullopt};
    table.rows.push_back(Beside(fmt::format("3.5 days the same, then {:g}x its rate", times), sides, Bar::kNone, options));
  }
  return table;
}

Table Noise(const TableOptions& options) {
  Table table{"Requests that are not independent (1000 rps, 60 s windows, 7 days): false rollbacks",
              "noise, and how our rule is set",
              Shows::kRollbacks,
              {}};
  const auto add = [&](const std::string& name, const TrafficFactory& traffic, const EvidenceSettings& settings, Bar bar) {
    Row row;
    row.cell.name = name;
    row.cell.traffic = traffic;
    row.cell.rules = PeersAnd(OurRule("ours", RuleOf(settings), Question::kWatch));
    row.cell.window_seconds = kLong;
    row.cell.learn_seconds = 86'400;
    row.cell.runs = options.runs;
    row.bar = bar;
    table.rows.push_back(std::move(row));
  };
  constexpr double kCorrelation = 0.002;
  EvidenceSettings none = Defaults();
  EvidenceSettings learned = Defaults();
  learned.phi.reset();
  EvidenceSettings patient = Defaults();
  patient.burst_tolerance = base::Millis(20 * 60'000);
  EvidenceSettings steadier = learned;
  steadier.burst_tolerance = base::Millis(3 * 60'000);
  // The guarantee is about independent requests; what holds beyond it is only simulated, so at the boundary it is shown, not required.
  for (const double times : {0.5, 1.0}) {
    const TrafficFactory noisy = NoisyTraffic(1000, times * kTolerance, kCorrelation, kLong);
    const std::string name = fmt::format("rate scatters (rho 0.002), mean {:g}x", times);
    add(name + ", phi 1", noisy, none, Bar::kNone);
    add(name + ", phi learned from a day of legacy", noisy, learned, times < 1 ? Bar::kHalf : Bar::kNone);
    add(name + ", the same and burst tolerance 3 min", noisy, steadier, times < 1 ? Bar::kHalf : Bar::kNone);
  }
  const TrafficFactory bursty = BurstyTraffic(At(1000, 0.5), Bursts{}, kLong);
  add("50 bursts a week of 30 % errors for 2 min, burst tolerance 1 min", bursty, none, Bar::kNone);
  add("the same, burst tolerance 20 min", bursty, patient, Bar::kNone);
  return table;
}

}  // namespace softmig::judgement
