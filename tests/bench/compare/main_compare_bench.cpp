#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "bodies.hpp"
#include "compare/comparer.hpp"

/// How many pairs of answers one thread compares in a second, beside the least that could be done with the same bytes: memcmp for equal
/// bodies, simdjson's own parse (DOM) of both for different ones. Both are measured in turns in the same run, and ratios are medians over
/// the turns, so that what else runs on the machine slows down both.
///
///   softmigration-compare-bench [TURNS]     default 51; prints one line for each size and kind
namespace softmig::bench {
namespace {

using compare::Exchange;
using compare::Verdict;

constexpr double kTurnSeconds = 0.005;
constexpr std::array<std::size_t, 3> kSizes{700, 5 * 1024, 64 * 1024};
volatile int sink = 0;  // so that nothing is left out as useless

/// Processor time of this thread, so that what waits for a core does not count.
double Now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double Seconds(const std::function<void()>& work, int repeats) {
  const double from = Now();
  for (int i = 0; i < repeats; ++i) work();
  return Now() - from;
}

int RepeatsOf(const std::function<void()>& work) {
  for (int repeats = 1;; repeats *= 2) {
    if (Seconds(work, repeats) >= kTurnSeconds) return repeats;
  }
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Measured {
  double ours = 0, least = 0;  ///< seconds each
  double ratio = 0;
};

Measured Measure(const std::function<void()>& ours, const std::function<void()>& least, int turns) {
  const int our_repeats = RepeatsOf(ours);
  const int least_repeats = RepeatsOf(least);
  std::vector<double> our_times;
  std::vector<double> least_times;
  std::vector<double> ratios;
  for (int turn = 0; turn < turns; ++turn) {
    our_times.push_back(Seconds(ours, our_repeats) / our_repeats);
    least_times.push_back(Seconds(least, least_repeats) / least_repeats);
    ratios.push_back(our_times.back() / least_times.back());
  }
  return {Median(our_times), Median(least_times), Median(ratios)};
}

Exchange MakeExchange(std::size_t bytes, Change change) {
  const auto answer = [&](Change of) {
    return compare::Answer{200, {{"content-type", "application/json"}}, MakeBody(bytes, of), false, {}};
  };
  return {answer(Change::kNone), answer(change)};
}

/// Exits where the comparer does not say what it should: a wrong answer may be as fast as it likes.
void Check(compare::Comparer& comparer, const Exchange& exchange, const compare::IdMaps& ids, Verdict wanted) {
  const Verdict verdict = comparer.Compare(exchange, ids).verdict;
  if (verdict == wanted) return;
  fmt::print(stderr, "compare: verdict {} where {} was due\n", Name(verdict), Name(wanted));
  std::exit(1);
}

void Print(std::string_view kind, std::string_view least, std::size_t bytes, const Measured& measured) {
  fmt::print("compare: kind={} bytes={} compares_per_second={:.0f} ns={:.0f} {}_ns={:.0f} ratio={:.2f}\n", kind, bytes, 1 / measured.ours,
             measured.ours * 1e9, least, measured.least * 1e9, measured.ratio);
}

void RunSize(std::size_t size, int turns) {
  const auto rules = compare::RuleSet::Make({}, "all");
  compare::Comparer comparer(*rules, {});
  const compare::IdMaps ids(1);
  const auto run = [&](std::string_view kind, Change change, Verdict wanted) {
    const Exchange exchange = MakeExchange(size, change);
    Check(comparer, exchange, ids, wanted);
    const std::string& legacy = std::get<compare::Answer>(exchange.legacy).body;
    const std::string& target = std::get<compare::Answer>(exchange.target).body;
    const auto ours = [&] { sink = static_cast<int>(comparer.Compare(exchange, ids).verdict); };
    if (change == Change::kNone) {
      const auto bytes = [&] { sink = std::memcmp(legacy.data(), target.data(), legacy.size()); };
      Print(kind, "memcmp", legacy.size(), Measure(ours, bytes, turns));
      return;
    }
    const std::array padded{simdjson::padded_string(legacy), simdjson::padded_string(target)};
    std::array<simdjson::dom::parser, 2> parsers;
    const auto parse = [&] {
      for (std::size_t i = 0; i < 2; ++i) sink = static_cast<int>(parsers[i].parse(padded[i]).error());
    };
    Print(kind, "simdjson", legacy.size(), Measure(ours, parse, turns));
  };
  run("equal", Change::kNone, Verdict::kEqual);
  run("one-field-differs", Change::kOneField, Verdict::kDiffers);
  run("every-row-differs", Change::kEveryRow, Verdict::kDiffers);
}

}  // namespace
}  // namespace softmig::bench

int main(int argc, char** argv) {
  const int turns = argc > 1 ? std::atoi(argv[1]) : 51;
  for (const std::size_t size : softmig::bench::kSizes) softmig::bench::RunSize(size, std::max(turns, 1));
  return 0;
}
