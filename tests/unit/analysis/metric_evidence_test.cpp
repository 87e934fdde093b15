#include "analysis/metric_evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "unit/analysis/evidence_fixture.hpp"

namespace softmig::analysis::testing {
namespace {

using Kind = EvidenceSettings::Kind;
using model::Verdict;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

EvidenceSettings Absolute(double tolerance = 0.01) {
  EvidenceSettings settings;
  settings.tolerance = tolerance;
  return settings;
}

EvidenceSettings OfKind(Kind kind) {
  EvidenceSettings settings;
  settings.kind = kind;
  return settings;
}

std::uint64_t Dropped(const MetricEvidence& state, BadInput kind) { return state.dropped[static_cast<std::size_t>(kind)]; }

TEST(MetricEvidence, BeginsUndecidedAtEvenOdds) {
  const Feeder feeder(Absolute());
  EXPECT_EQ(feeder.Now().verdict, Verdict::kNoData);
  EXPECT_NEAR(feeder.Now().log_rollback, 0, 1e-15);
  EXPECT_NEAR(feeder.Now().log_promotion, 0, 1e-15);
}

TEST(MetricEvidence, WindowsWithoutRequestsAreNoEvidenceAndStopTheClock) {
  Feeder feeder(Absolute());
  feeder.Poll(1000, 8);
  MetricEvidence before = feeder.state();
  feeder.Poll(0, 0).Poll(0, 0);
  before.last_window_end = feeder.state().last_window_end;
  EXPECT_EQ(feeder.state(), before);
}

TEST(MetricEvidence, ABadVersionIsBreachedAndAGoodOnePasses) {
  Feeder bad(Absolute()), good(Absolute());
  for (int i = 0; i < 30; ++i) {
    bad.Poll(1000, 50);
    good.Poll(1000, 5);
  }
  EXPECT_EQ(bad.Now().verdict, Verdict::kBreach);
  EXPECT_EQ(good.Now().verdict, Verdict::kPass);
}

TEST(MetricEvidence, ImpossibleCountsChangeNothingButTheirCounter) {
  const std::pair<Counts, BadInput> cases[] = {{{5, 6}, BadInput::kBadExceedsTotal}, {{-1, -2}, BadInput::kNegative},
                                               {{5, -1}, BadInput::kNegative},       {{kNaN, 1}, BadInput::kNotFinite},
                                               {{5, kNaN}, BadInput::kNotFinite},    {{kInfinity, 0}, BadInput::kNotFinite},
                                               {{2e15, 0}, BadInput::kTooLarge}};
  for (const auto& [counts, kind] : cases) {
    Feeder feeder(Absolute());
    feeder.Poll(1000, 8);
    MetricEvidence before = feeder.state();
    feeder.Poll(counts.total, counts.bad);
    EXPECT_EQ(Dropped(feeder.state(), kind), 1U) << Name(kind);
    before.dropped = feeder.state().dropped;
    EXPECT_EQ(feeder.state(), before) << Name(kind);
  }
}

TEST(MetricEvidence, WindowsOutOfPlaceChangeNothingButTheirCounter) {
  Feeder feeder(Absolute());
  const EvidenceWindow first = feeder.NextWindow(1000, 8);
  feeder.Poll(1000, 8);
  const auto shifted = [&](int start, int end) {
    return EvidenceWindow{first.start + base::Millis(start), first.end + base::Millis(end), {1000, 1000}, std::nullopt};
  };
  const std::pair<EvidenceWindow, BadInput> cases[] = {{shifted(0, 0), BadInput::kRepeated},
                                                       {shifted(-10'000, -10'000), BadInput::kOutOfOrder},
                                                       {shifted(5'000, 5'000), BadInput::kOutOfOrder},
                                                       {shifted(20'000, 10'000), BadInput::kNoDuration},
                                                       {shifted(30'000, 10'000), BadInput::kNoDuration}};
  for (const auto& [window, kind] : cases) {
    MetricEvidence after = Advance(feeder.rule(), feeder.state(), window);
    EXPECT_EQ(Dropped(after, kind), 1U) << Name(kind);
    after.dropped = feeder.state().dropped;
    EXPECT_EQ(after, feeder.state()) << Name(kind);
  }
}

TEST(MetricEvidence, AGapBetweenWindowsIsFine) {
  Feeder feeder(Absolute());
  feeder.Poll(1000, 8);
  EvidenceWindow later = feeder.NextWindow(1000, 8);
  later.start += base::Millis(600'000);
  later.end += base::Millis(600'000);
  const MetricEvidence after = Advance(feeder.rule(), feeder.state(), later);
  EXPECT_EQ(after.total, (Counts{2000, 16}));
  EXPECT_EQ(after.detector.active_seconds, 20);
}

TEST(MetricEvidence, ABadHalfOfLegacyIsDroppedAndTheTargetStillCounts) {
  Feeder feeder(Absolute());
  feeder.Poll(1000, 8, Counts{10, 11});
  EXPECT_EQ(Dropped(feeder.state(), BadInput::kBadExceedsTotal), 1U);
  EXPECT_EQ(feeder.state().total, (Counts{1000, 8}));
  EXPECT_EQ(feeder.state().noise, Overdispersion{});
}

TEST(MetricEvidence, ToleranceZeroIsBreachedByTheFirstBadRequest) {
  Feeder feeder(Absolute(0));
  feeder.Poll(1'000'000, 0);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kUndecided);
  feeder.Poll(1'000'000, 1);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kBreach);
  EXPECT_EQ(feeder.Now().log_rollback, kInfinity);
  feeder.Stage().Poll(1'000'000, 0);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kBreach) << "a later stage forgets nothing";
}

TEST(MetricEvidence, ZeroDiscrepanciesPassWithTheLastComparisonWanted) {
  EvidenceSettings settings = OfKind(Kind::kZeroDiscrepancies);
  settings.comparisons = 100'000'000;
  Feeder feeder(settings);
  feeder.Poll(99'999'999, 0);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kUndecided);
  EXPECT_EQ(Explain(feeder.rule(), feeder.state()).requests_to_decision, 1);
  feeder.Poll(1, 0);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kPass);
  EXPECT_NEAR(Explain(feeder.rule(), feeder.state()).target.upper, 4.605170079950e-8, 1e-19);
  feeder.Poll(1, 1);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kBreach);
}

/// Twice legacy's rate, but one in half a million.
void PollTinyRates(Feeder& feeder) {
  for (int i = 0; i < 40; ++i) feeder.Poll(10'000'000, 20, Counts{90'000'000, 90});
}

TEST(MetricEvidence, WorseThanLegacyIsFineBelowTheFloor) {
  EvidenceSettings settings = OfKind(Kind::kRelative);
  Feeder with_floor(settings);
  settings.floor = 0;
  Feeder without(settings);
  PollTinyRates(with_floor);
  PollTinyRates(without);
  EXPECT_EQ(without.Now().verdict, Verdict::kBreach);
  EXPECT_EQ(with_floor.Now().verdict, Verdict::kPass);
}

TEST(MetricEvidence, WorseThanLegacyAboveTheFloorIsABreach) {
  Feeder feeder(OfKind(Kind::kRelative));
  for (int i = 0; i < 40; ++i) feeder.Poll(1000, 20, Counts{9000, 90});
  EXPECT_EQ(feeder.Now().verdict, Verdict::kBreach);
}

TEST(MetricEvidence, AnOutageOfBothSidesIsNoBreachRelativeToLegacy) {
  Feeder relative(OfKind(Kind::kRelative)), absolute(Absolute());
  for (int i = 0; i < 40; ++i) {
    relative.Poll(1000, 300, Counts{9000, 2700});
    absolute.Poll(1000, 300);
  }
  EXPECT_EQ(absolute.Now().verdict, Verdict::kBreach);
  EXPECT_NE(relative.Now().verdict, Verdict::kBreach);
}

TEST(MetricEvidence, AHardLimitDoesNotWaitForTheBurstTolerance) {
  EvidenceSettings settings = Absolute();
  settings.burst_tolerance = base::Millis(3'600'000);
  Feeder patient(settings);
  settings.hard_limit = 0.2;
  Feeder limited(settings);
  patient.Poll(1000, 900);
  limited.Poll(1000, 900);
  EXPECT_EQ(patient.Now().verdict, Verdict::kUndecided);
  EXPECT_EQ(limited.Now().verdict, Verdict::kBreach);
}

TEST(MetricEvidence, AHardLimitIsOneMoreMetricOfTheMean) {
  EvidenceSettings settings = Absolute();
  Feeder plain(settings);
  settings.hard_limit = 0.5;
  Feeder limited(settings);
  for (int i = 0; i < 5; ++i) {
    plain.Poll(1000, 13);
    limited.Poll(1000, 13);
  }
  const double mean = (std::exp(plain.Now().log_rollback) + std::exp(LogEvidence(limited.state().hard))) / 2;
  EXPECT_NEAR(limited.Now().log_rollback, std::log(mean), 1e-12);
  EXPECT_EQ(limited.Now().detectors, 2);
}

TEST(MetricEvidence, AnotherToleranceBeginsAnewAndKeepsTheStage) {
  Feeder feeder(Absolute());
  for (int i = 0; i < 20; ++i) feeder.Poll(1000, 50);
  const auto last_end = feeder.state().last_window_end;
  feeder.Change(Absolute(0.02));
  EXPECT_EQ(feeder.Now().verdict, Verdict::kNoData) << "evidence about something else";
  feeder.Poll(1000, 1);
  EXPECT_EQ(feeder.state().total, (Counts{1000, 1}));
  EXPECT_EQ(feeder.state().detector.stage, 1);
  EXPECT_GT(*feeder.state().last_window_end, *last_end);
}

TEST(MetricEvidence, AnotherSourceBeginsAnew) {
  EvidenceSettings settings = Absolute();
  settings.source = "one query";
  Feeder feeder(settings);
  feeder.Poll(1000, 5);
  settings.source = "another query";
  feeder.Change(settings).Poll(10, 0);
  EXPECT_EQ(feeder.state().total.total, 10);
}

TEST(MetricEvidence, OtherLevelsAndCapsKeepTheEvidence) {
  Feeder feeder(Absolute());
  feeder.Poll(1000, 5);
  EvidenceSettings settings = Absolute();
  settings.alpha = settings.beta = 0.001;
  settings.phi = 3;
  settings.burst_tolerance = base::Millis(5'000);
  settings.comparisons = 17;
  feeder.Change(settings).Poll(10, 0);
  EXPECT_EQ(feeder.state().total.total, 1010);
}

TEST(MetricEvidence, AStageBeginsPromotionAnewAndKeepsRollback) {
  Feeder feeder(Absolute());
  for (int i = 0; i < 5; ++i) feeder.Poll(1000, 13);
  const double before = feeder.Now().log_rollback;
  feeder.Stage();
  EXPECT_NEAR(feeder.Now().log_rollback, before, 1e-12);
  EXPECT_EQ(feeder.Now().verdict, Verdict::kNoData);
  EXPECT_EQ(feeder.state().stage, StageEvidence{});
  EXPECT_EQ(feeder.state().total.total, 5000);
}

TEST(MetricEvidence, PhiIsLearnedFromLegacyOnly) {
  Feeder feeder(Absolute());
  for (int i = 0; i < 50; ++i) feeder.Poll(1000, i % 2 == 0 ? 0 : 20, Counts{1000, 5});
  EXPECT_EQ(CurrentPhi(feeder.rule(), feeder.state()), 1);
  for (int i = 0; i < 50; ++i) feeder.Poll(0, 0, Counts{1000, i % 2 == 0 ? 0.0 : 20.0});
  EXPECT_GT(CurrentPhi(feeder.rule(), feeder.state()), 10);
}

TEST(MetricEvidence, AWindowIsJudgedWithThePhiOfThoseBeforeIt) {
  Feeder feeder(Absolute());
  feeder.Poll(0, 0, Counts{1000, 0}).Poll(1000, 8, Counts{1000, 30});
  EXPECT_EQ(feeder.state().stage.effective, (Counts{1000, 8}));
  const double phi = CurrentPhi(feeder.rule(), feeder.state());
  ASSERT_GT(phi, 1);
  feeder.Poll(1000, 8);
  EXPECT_NEAR(feeder.state().stage.effective.total, 1000 + 1000 / phi, 1e-9);
}

TEST(MetricEvidence, WindowsAsObservationsMoveSlowly) {
  EvidenceSettings settings = Absolute();
  settings.burst_tolerance.reset();
  Feeder requests(settings);
  settings.unit = EvidenceSettings::Unit::kWindows;
  Feeder windows(settings);
  requests.Poll(60'000, 3000);
  windows.Poll(60'000, 3000);
  EXPECT_EQ(requests.Now().verdict, Verdict::kBreach);
  EXPECT_EQ(windows.Now().verdict, Verdict::kUndecided);
  for (int i = 0; i < 20; ++i) windows.Poll(60'000, 3000);
  EXPECT_EQ(windows.Now().verdict, Verdict::kBreach);
  Feeder good(settings);
  for (int i = 0; i < 1200; ++i) good.Poll(60'000, 100);
  EXPECT_EQ(good.Now().verdict, Verdict::kPass);
}

/// How many requests it takes to any decision, a hundred at a time.
double RequestsUntilDecided(Feeder feeder, double bad_in_hundred, const std::optional<Counts>& legacy) {
  for (int i = 1; i < 100'000; ++i) {
    feeder.Poll(100, bad_in_hundred, legacy);
    const Verdict verdict = feeder.Now().verdict;
    if (verdict == Verdict::kBreach || verdict == Verdict::kPass) return 100.0 * i;
  }
  return kInfinity;
}

TEST(MetricEvidence, RequestsToADecisionAreForetoldWithinAThird) {
  EvidenceSettings relative = OfKind(Kind::kRelative);
  relative.phi = 4;
  const std::tuple<EvidenceSettings, double, std::optional<Counts>> cases[] = {
      {Absolute(), 0.2, std::nullopt}, {Absolute(), 0.6, std::nullopt}, {Absolute(), 2, std::nullopt},
      {Absolute(), 3, std::nullopt},   {relative, 4, Counts{900, 18}},  {relative, 2, Counts{900, 36}}};
  for (const auto& [settings, bad, legacy] : cases) {
    Feeder feeder(settings);
    for (int i = 0; i < 3; ++i) feeder.Poll(100, bad, legacy);
    const auto foretold = Explain(feeder.rule(), feeder.state()).requests_to_decision;
    ASSERT_TRUE(foretold);
    const double needed = RequestsUntilDecided(feeder, bad, legacy);
    EXPECT_GT(*foretold, needed * 2 / 3) << bad;
    EXPECT_LT(*foretold, needed * 4 / 3 + 100) << bad;
  }
}

TEST(MetricEvidence, NoForecastNearTheTolerance) {
  Feeder feeder(Absolute());
  feeder.Poll(100'000, 1000);
  EXPECT_FALSE(Explain(feeder.rule(), feeder.state()).requests_to_decision);
}

TEST(MetricEvidence, IntervalsOfBothSidesHoldTheirRates) {
  Feeder feeder(OfKind(Kind::kRelative));
  feeder.Poll(6000, 30, Counts{54'000, 270});
  const Explanation said = Explain(feeder.rule(), feeder.state());
  ASSERT_TRUE(said.legacy);
  EXPECT_LT(said.target.lower, 0.005);
  EXPECT_GT(said.target.upper, 0.005);
  EXPECT_GT(said.legacy->lower, said.target.lower);
  EXPECT_LT(said.legacy->upper, said.target.upper);
}

TEST(EvidenceRule, RefusesSettingsThatMakeNoSense) {
  const auto refused = [](auto change) {
    EvidenceSettings settings;
    change(settings);
    return !EvidenceRule::Make(settings).has_value();
  };
  EXPECT_TRUE(refused([](auto& s) { s.tolerance = 1; }));
  EXPECT_TRUE(refused([](auto& s) { s.tolerance = -0.1; }));
  EXPECT_TRUE(refused([](auto& s) { s.tolerance = kNaN; }));
  EXPECT_TRUE(refused([](auto& s) { s.alpha = 0; }));
  EXPECT_TRUE(refused([](auto& s) { s.beta = 1; }));
  EXPECT_TRUE(refused([](auto& s) { s.phi = 0.5; }));
  EXPECT_TRUE(refused([](auto& s) { s.cap = 0; }));
  EXPECT_TRUE(refused([](auto& s) { s.burst_tolerance = base::Millis(0); }));
  EXPECT_TRUE(refused([](auto& s) { s.hard_limit = 0.01; }));
  EXPECT_TRUE(refused([](auto& s) { s.kind = Kind::kRelative, s.ratio = 0; }));
  EXPECT_TRUE(refused([](auto& s) { s.kind = Kind::kRelative, s.floor = 1; }));
  EXPECT_TRUE(refused([](auto& s) { s.kind = Kind::kZeroDiscrepancies, s.comparisons = -1; }));
  EXPECT_TRUE(refused([](auto& s) { s.kind = Kind::kRelative, s.unit = EvidenceSettings::Unit::kWindows; }));
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST(EvidenceRule, TheCapFollowsTheBurstToleranceAndTheWindow) {
  EvidenceSettings settings;
  EXPECT_DOUBLE_EQ(RuleOf(settings).CapOf(60), 16.5);
  EXPECT_DOUBLE_EQ(RuleOf(settings).CapOf(10), 2.75);
  settings.cap = 5.5;
  EXPECT_EQ(RuleOf(settings).CapOf(10), 5.5);
  settings.cap.reset();
  settings.burst_tolerance.reset();
  EXPECT_EQ(RuleOf(settings).CapOf(10), kNoCap);
}

}  // namespace
}  // namespace softmig::analysis::testing
