#include "sim/core/fault_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "sim/core/scenario.hpp"

namespace softmig::simulator {
namespace {

constexpr auto kKinds = static_cast<std::size_t>(FaultKind::kCount);
constexpr std::array<std::string_view, kKinds> kNames{
    "crash",        "crash-at-write", "stop",          "freeze",      "freeze-at-write", "clock-jump",    "api-refused",
    "api-hangs",    "api-errors",     "lost-answers",  "api-slow",    "hang-object",     "status-errors", "watch-cut",
    "watch-lag",    "watch-refused",  "watch-doubled", "compact",     "metric-fault",    "breach",        "endpoints-gone",
    "service-gone", "gateway",        "pause",         "desired",     "attempt",         "delete",        "edit-hold",
    "edit-metric",  "touch",          "route-weights", "route-fight", "route-rule",      "route-gone"};

/// How often each kind is drawn, in the order of FaultKind.
constexpr std::array<int, kKinds> kWeights{6, 9,  3,  5, 5, 4, 3, 3, 6, 4, 2, 2, 3, 4, 4, 2, 2,
                                           3, 10, 12, 7, 2, 6, 3, 4, 4, 4, 2, 2, 2, 4, 2, 2, 2};

constexpr int kMostMigrations = 3;
constexpr std::size_t kWatchedKinds = 5;

double Seconds(Time time) { return std::chrono::duration<double>(time).count(); }

std::optional<double> Number(std::string_view line, std::string_view key) {
  const std::string wanted = " " + std::string(key) + "=";
  const auto at = line.find(wanted);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + wanted.size());
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

Time ToTime(double value) { return Time(static_cast<Time::rep>(value * 1e6 + (value < 0 ? -0.5 : 0.5))); }

FaultKind DrawKind(Random& random) {
  int sum = 0;
  for (const int weight : kWeights) sum += weight;
  int left = random.Below(sum);
  for (std::size_t i = 0; i < kKinds; ++i) {
    left -= kWeights[i];
    if (left < 0) return static_cast<FaultKind>(i);
  }
  return FaultKind::kCrash;
}

int DrawCode(Random& random) {
  static constexpr int kCodes[] = {409, 422, 429, 500, 503, 410};
  return kCodes[random.Below(6)];
}

void DrawWhat(Fault& fault, Random& random) {
  switch (fault.kind) {
    case FaultKind::kCrashAtWrite:
      fault.what = random.Below(2);
      fault.amount = random.Between(1, 12);
      break;
    case FaultKind::kFreezeAtWrite: fault.amount = random.Between(1, 12); break;
    case FaultKind::kClockJump: fault.amount = random.Between(-60'000, 60'000); break;
    case FaultKind::kApiErrors:
      fault.what = DrawCode(random);
      fault.amount = random.Percent(30) ? 100 : random.Between(10, 80);
      break;
    case FaultKind::kHangObject: fault.what = random.Below(kMostMigrations); break;
    case FaultKind::kStatusErrors: fault.what = random.Percent(50) ? 409 : 500; break;
    case FaultKind::kApiLostAnswers: fault.amount = random.Between(10, 80); break;
    case FaultKind::kApiSlow: fault.amount = random.Between(50, 1'500); break;
    case FaultKind::kWatchCut:
    case FaultKind::kWatchLag: fault.what = random.Between(-1, static_cast<int>(kWatchedKinds) - 1); break;
    case FaultKind::kWatchRefused: {
      static constexpr int kCodes[] = {400, 404, 410, 429, 500, 503};
      fault.what = kCodes[random.Below(6)];
      break;
    }
    case FaultKind::kMetricFault: fault.what = random.Below(static_cast<int>(MetricMode::kCount)); break;
    case FaultKind::kBreach:
      fault.what = random.Below(3);
      fault.amount = random.Below(2);
      break;
    case FaultKind::kEndpointsGone: fault.amount = random.Percent(25) ? 1 : 0; [[fallthrough]];
    case FaultKind::kServiceGone: fault.what = random.Percent(60) ? 1 : 0; break;
    case FaultKind::kGateway: fault.what = random.Between(1, static_cast<int>(GatewayMode::kCount) - 1); break;
    case FaultKind::kDesired: fault.what = random.Below(2); break;
    case FaultKind::kRouteWeights:
    case FaultKind::kRouteFight: fault.amount = random.Percent(40) ? 0 : random.Between(1, 100); break;
    default: break;
  }
}

bool IsOfReplica(FaultKind kind) { return kind <= FaultKind::kWatchDoubled; }
bool IsOfRoute(FaultKind kind) {
  return kind == FaultKind::kGateway || (kind >= FaultKind::kRouteWeights && kind <= FaultKind::kRouteGone);
}

Time DrawLength(const Fault& fault, Random& random) {
  if (fault.kind == FaultKind::kBreach && random.Percent(50)) return Time(0);
  if (fault.kind == FaultKind::kDesired && random.Percent(50)) return Time(0);
  if (fault.kind == FaultKind::kCrash || fault.kind == FaultKind::kCrashAtWrite) return random.Within(milliseconds(100), seconds(5));
  if (random.Percent(50)) return random.Within(milliseconds(100), seconds(5));
  return random.Within(seconds(2), seconds(40));
}

Fault DrawFault(const Scenario& scenario, Random& random) {
  Fault fault;
  fault.kind = DrawKind(random);
  fault.at = random.Within(Time(0), seconds(scenario.fault_seconds));
  if (IsOfReplica(fault.kind)) {
    const bool one = fault.kind < FaultKind::kApiRefused || random.Percent(40);
    fault.who = one ? random.Below(scenario.replicas) : -1;
  } else if (IsOfRoute(fault.kind)) {
    fault.who = random.Below(static_cast<int>(scenario.routes.size()));
  } else {
    fault.who = random.Below(static_cast<int>(scenario.migrations.size()));
  }
  DrawWhat(fault, random);
  fault.length = DrawLength(fault, random);
  return fault;
}

}  // namespace

std::string_view Name(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::string ToText(const Fault& fault) {
  return fmt::format("{} at={} for={} who={} what={} amount={}", Name(fault.kind), Seconds(fault.at), Seconds(fault.length), fault.who,
                     fault.what, fault.amount);
}

std::optional<Fault> ParseFault(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(' '));
  const auto it = std::ranges::find(kNames, name);
  const auto at = Number(line, "at");
  if (it == kNames.end() || !at) return std::nullopt;
  Fault fault;
  fault.kind = static_cast<FaultKind>(it - kNames.begin());
  fault.at = ToTime(*at);
  fault.length = ToTime(Number(line, "for").value_or(0));
  fault.who = static_cast<int>(Number(line, "who").value_or(0));
  fault.what = static_cast<int>(Number(line, "what").value_or(0));
  fault.amount = static_cast<int>(Number(line, "amount").value_or(0));
  return fault;
}

std::optional<std::string> WhyImpossible(const Scenario& scenario, const Fault& fault) {
  struct Range {
    std::string_view of;
    int first;
    std::size_t size;
  };
  const auto outside = [](const Range& range, int value) { return value < range.first || value >= static_cast<int>(range.size); };
  const Range who = IsOfReplica(fault.kind) ? Range{"replicas", -1, static_cast<std::size_t>(scenario.replicas)}
                    : IsOfRoute(fault.kind) ? Range{"routes", 0, scenario.routes.size()}
                                            : Range{"migrations", 0, scenario.migrations.size()};
  if (fault.kind != FaultKind::kCompact && outside(who, fault.who)) {
    return fmt::format("who={}: this world has {} {}", fault.who, who.size, who.of);
  }
  Range what{"", 0, static_cast<std::size_t>(std::numeric_limits<int>::max())};
  if (fault.kind == FaultKind::kMetricFault) what = {"modes of metrics", 0, static_cast<std::size_t>(MetricMode::kCount)};
  if (fault.kind == FaultKind::kGateway) what = {"modes of gateways", 0, static_cast<std::size_t>(GatewayMode::kCount)};
  if (fault.kind == FaultKind::kWatchCut || fault.kind == FaultKind::kWatchLag) what = {"kinds of objects", -1, kWatchedKinds};
  if (outside(what, fault.what)) return fmt::format("what={}: there are {} {}", fault.what, what.size, what.of);
  if (fault.at < Time(0) || fault.length < Time(0)) return "at and for are not below 0";
  return std::nullopt;
}

FaultPlan DrawPlan(const Scenario& scenario, Random& random) {
  FaultPlan plan;
  for (int i = 0; i < scenario.faults; ++i) plan.push_back(DrawFault(scenario, random));
  std::ranges::stable_sort(plan, {}, &Fault::at);
  return plan;
}

}  // namespace softmig::simulator
