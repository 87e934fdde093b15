#include "sim/core/metric_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "sim/core/clock.hpp"

namespace softmig::simulator {
namespace {

constexpr double kTolerated = 0.05;
constexpr double kClearlyBad = 0.2;
constexpr double kLatencyLimit = 0.5;
constexpr std::size_t kGoodKept = 6;
constexpr std::size_t kBadKept = 16;
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
/// A breach that says all a window may say (a third of 16.5 nats) outweighs any beginning within so many windows.
constexpr int kWindowsOfEvidence = 6;

http::Response Json(int status, std::string body) { return {status, {{"Content-Type", "application/json"}}, std::move(body)}; }

std::string Vector(const std::string& value) {
  return R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1767225600,")" + value + R"("]}]}})";
}

constexpr const char* kEmpty = R"({"status":"success","data":{"resultType":"vector","result":[]}})";
constexpr const char* kMany =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"1"},"value":[1,"2"]}]}})";

std::string NumberText(double number) { return std::isnan(number) ? "NaN" : fmt::format("{}", number); }

/// The answer about each instant of a question. `number(at)`: NaN is one, too.
template <typename Number>
std::string Body(const MetricSource::Question& question, Number number) {
  if (!question.is_range) return Vector(NumberText(number(question.last)));
  std::string values;
  for (Time at = question.first; at <= question.last; at += question.step) {
    const auto ms = (MachineClock::kStart + std::chrono::duration_cast<base::Millis>(at)).count();
    values += fmt::format("{}[{}.{:03},\"{}\"]", values.empty() ? "" : ",", ms / 1000, ms % 1000, NumberText(number(at)));
  }
  return R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[)" + values + "]}]}}";
}

/// The value of a parameter as an instant (or a length, from 0) of the simulation's time.
Time InstantOf(std::string_view text, std::string_view name, base::Millis since) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + name.size());
  double value = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return std::chrono::duration_cast<Time>(base::Millis(std::llround(value * 1000)) - since);
}

std::string TakeUntil(std::string_view& text, char end) {
  const std::string part(text.substr(0, text.find(end)));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

MetricSource::Answer Plain(std::string body) { return {base::Result<http::Response>(Json(200, std::move(body))), std::nullopt, false}; }

}  // namespace

void MetricSource::SetMode(int migration, std::optional<MetricMode> mode) {
  stale_.clear();
  if (mode) {
    modes_[migration] = *mode;
  } else {
    modes_.erase(migration);
  }
}

CounterHistory& MetricSource::Known(const MetricKey& key, Time now) {
  const auto [migration, component, metric] = key;
  const auto counters = data_.Read(migration, component);
  CounterHistory& history = known_[key];
  history.Learn(now, counters.bad, counters.total);
  return history;
}

void MetricSource::ResetCounters(int migration, Time now) {
  const MigrationPlan& plan = scenario_.migrations[static_cast<std::size_t>(migration)];
  for (int c = 0; c < static_cast<int>(plan.components.size()); ++c) {
    const auto counters = data_.Read(migration, c);
    for (int m = 0; m < static_cast<int>(plan.metrics.size()); ++m) {
      base_[0][{migration, c, m}] = counters.bad;
      base_[1][{migration, c, m}] = counters.total;
      if (plan.evidence) Known({migration, c, m}, now).Reset(now);
    }
  }
}

std::optional<MetricSource::Question> MetricSource::Read(const http::Request& request) const {
  const auto at = request.url.find("query=");
  if (at == std::string::npos) return std::nullopt;
  std::string_view text = std::string_view(request.url).substr(at + 6);
  Question question;
  question.what = TakeUntil(text, '_');
  TakeUntil(text, '_');  // namespace
  const std::string name = TakeUntil(text, '_');
  const std::string component = TakeUntil(text, '&');
  question.time = std::string(text);
  question.is_range = text.find("end=") != std::string_view::npos;
  question.last = InstantOf(text, question.is_range ? "end=" : "time=", MachineClock::kStart);
  question.first = question.is_range ? InstantOf(text, "start=", MachineClock::kStart) : question.last;
  question.step = std::max(Time(1), InstantOf(text, "step=", base::Millis(0)));
  for (std::size_t m = 0; m < scenario_.migrations.size(); ++m) {
    const MigrationPlan& plan = scenario_.migrations[m];
    if (plan.name != name) continue;
    const auto found = std::ranges::find(plan.components, component, &ComponentPlan::name);
    const auto metric = std::ranges::find(plan.metrics, question.what != "latency", &MetricPlan::counts);
    if (found == plan.components.end() || metric == plan.metrics.end()) return std::nullopt;
    question.key = {static_cast<int>(m), static_cast<int>(found - plan.components.begin()),
                    static_cast<int>(metric - plan.metrics.begin())};
    return question;
  }
  return std::nullopt;
}

double MetricSource::NumberAt(const Question& question, Time at, Time now) {
  const auto counts = Known(question.key, now).At(std::min(at, now));
  return question.what == "bad" ? counts.bad : counts.total;
}

double MetricSource::Number(const Question& question, Time now) {
  if (question.what != "latency" && ByEvidence(question.key)) return NumberAt(question, question.last, now);
  const auto [migration, component, metric] = question.key;
  if (question.what == "latency") return data_.latency(migration, component);
  const auto counters = data_.Read(migration, component);
  const double total = std::floor(counters.total) - std::floor(base_[1][question.key]);
  // Each is rounded by itself, and the one before the reset, too.
  return question.what == "bad" ? std::min(std::floor(counters.bad) - std::floor(base_[0][question.key]), total) : total;
}

MetricSource::Answer MetricSource::Ask(const Question& question, Time now) {
  const auto mode = modes_.find(std::get<0>(question.key));
  if (mode != modes_.end()) return Faulty(question, mode->second, now);
  if (question.what == "latency" && data_.Read(std::get<0>(question.key), std::get<1>(question.key)).total < 1) {
    Answer answer = Plain(Vector("NaN"));  // a quantile of nothing
    answer.no_data = true;
    return answer;
  }
  const double number = Number(question, now);
  const bool by_instant = question.what != "latency" && ByEvidence(question.key);
  Answer answer = Plain(by_instant ? Body(question, [&](Time at) { return NumberAt(question, at, now); }) : Vector(NumberText(number)));
  answer.number = number;
  return answer;
}

MetricSource::Answer MetricSource::Faulty(const Question& question, MetricMode mode, Time now) {
  switch (mode) {
    case MetricMode::kNaN: {
      Answer answer = Plain(Body(question, [](Time) { return kNoNumber; }));
      answer.no_data = true;
      return answer;
    }
    case MetricMode::kEmpty: {
      Answer answer = Plain(kEmpty);
      answer.no_data = true;
      return answer;
    }
    case MetricMode::kMany: return Plain(kMany);
    case MetricMode::kStale: {  // the series stands still: the same number again and again
      const auto [it, fresh] = stale_.try_emplace({question.key, question.what}, 0.0);
      if (fresh) it->second = Number(question, now);
      Answer answer = Plain(Body(question, [stale = it->second](Time) { return stale; }));
      answer.number = it->second;
      return answer;
    }
    case MetricMode::kServerError: return {base::Result<http::Response>(Json(random_.Percent(50) ? 503 : 500, "oops")), {}, false};
    case MetricMode::kDown: return {base::Fail(base::ErrorCode::kUnavailable, "connection refused"), {}, false};
    case MetricMode::kGarbage: return Plain("<html>not found</html>");
    case MetricMode::kNegative: {  // no counter is that; a value may well be
      Answer answer = Plain(Body(question, [](Time) { return -1.0; }));
      if (question.what == "latency") answer.number = -1;
      return answer;
    }
    case MetricMode::kHangs:
    case MetricMode::kReset:
    case MetricMode::kCount: break;
  }
  return {};
}

void MetricTransport::Send(http::Request request, http::SendOptions options, std::function<void(base::Result<http::Response>)> done) {
  ++sent_;
  const auto question = source_.Read(request);
  const Time asked = loop_.now();
  const Time delay =
      random_.Percent(95) ? random_.Within(milliseconds(1), milliseconds(40)) : random_.Within(milliseconds(40), milliseconds(1'500));
  auto self = process_.shared_from_this();
  if (!question) {
    loop_.After(delay, self, [done] { done(base::Result<http::Response>(Json(400, R"({"status":"error","error":"unknown"})"))); });
    return;
  }
  Poll& poll = polls_[question->key];
  if (poll.time != question->time || poll.open <= 0) {  // what failed is asked again
    poll.time = question->time;
    poll.asked = asked;
    poll.bad.reset();
    poll.total.reset();
    poll.open = scenario_.migrations[static_cast<std::size_t>(std::get<0>(question->key))]
                        .metrics[static_cast<std::size_t>(std::get<2>(question->key))]
                        .counts
                    ? 2
                    : 1;
    poll.failed = poll.no_data = false;
  }
  // The numbers are those of the instant at which the question arrives.
  loop_.After(delay / 2, nullptr, [this, self, question = *question, asked, delay, options, done] {
    if (self->dead) return;
    const MetricSource::Answer answer = source_.Ask(question, loop_.now());
    const bool answered = answer.response.has_value();
    loop_.After(answered ? delay / 2 : Time(options.deadline), self, [this, question, answer, asked, done] {
      Delivered(question, answer, asked);
      done(answer.response ? *answer.response : base::Fail(base::ErrorCode::kTimeout, "no answer within the deadline"));
    });
  });
}

void MetricTransport::Delivered(const MetricSource::Question& question, const MetricSource::Answer& answer, Time asked) {
  transcript_.Line(loop_.now(), "{}: metric {} of m{}/{} at {}: {}", process_.name(), question.what, std::get<0>(question.key),
                   std::get<1>(question.key), question.time, answer.number ? fmt::format("{}", *answer.number) : "nothing");
  Poll& poll = polls_[question.key];
  if (poll.time != question.time) return;  // an answer to an earlier poll: nobody waits for it
  if (question.what == "latency") {
    if (!answer.number) return Note(question.key, answer.no_data ? Evidence::kNoData : Evidence::kError, asked);
    return Note(question.key, *answer.number > kLatencyLimit ? Evidence::kBad : Evidence::kGood, asked);
  }
  (question.what == "bad" ? poll.bad : poll.total) = answer.number;
  poll.failed = poll.failed || (!answer.number && !answer.no_data);
  poll.no_data = poll.no_data || answer.no_data;
  if (--poll.open == 0) Judge(question.key, poll);
}

void MetricTransport::Judge(const MetricKey& key, Poll& poll) {
  if (poll.failed) return Note(key, Evidence::kError, poll.asked);
  if (poll.no_data) return Note(key, Evidence::kNoData, poll.asked);
  // After a long silence the operator has forgotten what it counted, too.
  constexpr Time kForgotten = seconds(60);
  const bool first =
      !poll.last_bad || poll.asked - poll.last_numbers > kForgotten || *poll.bad < *poll.last_bad || *poll.total < *poll.last_total;
  const double bad = first ? 0 : *poll.bad - *poll.last_bad;
  const double total = first ? 0 : *poll.total - *poll.last_total;
  poll.last_bad = poll.bad;
  poll.last_total = poll.total;
  poll.last_numbers = poll.asked;
  const int wanted = scenario_.migrations[static_cast<std::size_t>(std::get<0>(key))].min_requests;
  if (total < 1) return Note(key, Evidence::kNeutral, poll.asked);  // a counter may stand still for a while
  if (total >= wanted && bad / total > kClearlyBad) return Note(key, Evidence::kBad, poll.asked);
  Note(key, bad / total <= kTolerated ? Evidence::kGood : Evidence::kNeutral, poll.asked);
}

void MetricTransport::Note(const MetricKey& key, Evidence evidence, Time asked) {
  MetricFacts& facts = log_[key];
  facts.last = evidence;
  facts.last_at = loop_.now();
  facts.last_asked = asked;
  facts.bad_in_a_row = evidence == Evidence::kBad ? facts.bad_in_a_row + 1 : 0;
  const auto& metric = scenario_.migrations[static_cast<std::size_t>(std::get<0>(key))].metrics[static_cast<std::size_t>(std::get<2>(key))];
  const bool by_evidence = metric.counts && scenario_.migrations[static_cast<std::size_t>(std::get<0>(key))].evidence;
  facts.bad_needed = by_evidence ? kWindowsOfEvidence : metric.counts ? 2 : 1;
  if (facts.bad_in_a_row == facts.bad_needed) facts.bad_since = loop_.now();
  if (evidence == Evidence::kBad) facts.bad_at.push_back(loop_.now());
  if (evidence != Evidence::kBad) facts.bad_at.clear();
  if (facts.bad_at.size() > kBadKept) facts.bad_at.erase(facts.bad_at.begin());
  if (evidence != Evidence::kGood) return;
  facts.good_asked.push_back(asked);
  if (facts.good_asked.size() > kGoodKept) facts.good_asked.erase(facts.good_asked.begin());
}

}  // namespace softmig::simulator
