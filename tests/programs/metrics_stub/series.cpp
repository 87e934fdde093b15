#include "metrics_stub/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>

namespace softmig::programs {
namespace {

using Json = nlohmann::json;

constexpr int kManySeries = 50;
constexpr base::Millis kSlowByDefault{5'000};
constexpr std::int64_t kMostInstants = 11'000;
constexpr std::int64_t kCountersBegan = 1'700'000'000;  // seconds since 1970
constexpr std::string_view kLabel = "series=\"";

std::string_view NameIn(std::string_view query) {
  const auto at = query.find(kLabel);
  if (at == std::string_view::npos) return query;
  const std::string_view rest = query.substr(at + kLabel.size());
  return rest.substr(0, rest.find('"'));
}

base::Result<Mode> ParseMode(const std::string& text) {
  static constexpr std::pair<std::string_view, Mode> kModes[] = {
      {"value", Mode::kValue},        {"counter", Mode::kCounter},   {"nan", Mode::kNan},   {"empty", Mode::kEmpty},
      {"many", Mode::kMany},          {"http500", Mode::kHttpError}, {"slow", Mode::kSlow}, {"hang", Mode::kHang},
      {"syntax", Mode::kSyntaxError}, {"garbage", Mode::kGarbage}};
  const auto* found = std::find_if(std::begin(kModes), std::end(kModes), [&](const auto& entry) { return entry.first == text; });
  if (found == std::end(kModes)) return base::Fail(base::ErrorCode::kInvalid, "no mode " + text);
  return found->second;
}

/// REQUIRES: `entry` is an object.
base::Result<Behaviour> ParseBehaviour(const Json& entry) {
  Behaviour behaviour;
  if (const auto mode = entry.find("mode"); mode != entry.end()) {
    if (!mode->is_string()) return base::Fail(base::ErrorCode::kInvalid, "mode: a text is required");
    auto parsed = ParseMode(mode->get<std::string>());
    if (!parsed) return base::Fail(parsed.error());
    behaviour.mode = *parsed;
  }
  if (behaviour.mode == Mode::kSlow) behaviour.delay = kSlowByDefault;
  if (const auto value = entry.find("value"); value != entry.end()) {
    behaviour.value = value->is_string() ? value->get<std::string>() : value->dump();
  }
  if (const auto delay = entry.find("delay_ms"); delay != entry.end() && delay->is_number()) {
    behaviour.delay = base::Millis(std::clamp<std::int64_t>(delay->get<std::int64_t>(), 0, 600'000));
  }
  return behaviour;
}

std::string Point(std::int64_t at_ms, std::string_view value) {
  return fmt::format(R"([{}.{:03},"{}"])", at_ms / 1000, at_ms % 1000, value);
}

std::string Sample(std::string_view labels, std::int64_t at_ms, std::string_view value) {
  return fmt::format(R"({{"metric":{{{}}},"value":{}}})", labels, Point(at_ms, value));
}

std::string Success(std::string_view type, std::string_view samples) {
  return fmt::format(R"({{"status":"success","data":{{"resultType":"{}","result":[{}]}}}})", type, samples);
}

std::string Vector(std::string_view samples) { return Success("vector", samples); }

/// A counter is a whole number that depends on the instant alone, so that a range says what the instants said.
std::string ValueAt(const Behaviour& behaviour, std::int64_t at_ms) {
  if (behaviour.mode != Mode::kCounter) return behaviour.value;
  const double slope = std::strtod(behaviour.value.c_str(), nullptr);
  return fmt::format("{:.0f}", std::floor(slope * (static_cast<double>(at_ms) / 1000.0 - static_cast<double>(kCountersBegan))));
}

std::string Many(std::int64_t at_ms, std::string_view value) {
  std::string samples;
  for (int i = 0; i < kManySeries; ++i) samples += (i == 0 ? "" : ",") + Sample(fmt::format(R"("pod":"pod-{}")", i), at_ms, value);
  return Vector(samples);
}

AsyncReply Reply(int status, std::string body) {
  AsyncReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

AsyncReply Render(const Behaviour& behaviour, std::int64_t at_ms) {
  switch (behaviour.mode) {
    case Mode::kNan: return Reply(200, Vector(Sample("", at_ms, "NaN")));
    case Mode::kEmpty: return Reply(200, Vector(""));
    case Mode::kMany: return Reply(200, Many(at_ms, behaviour.value));
    case Mode::kHttpError: return Reply(500, R"({"status":"error","errorType":"internal","error":"the stub was told to fail"})");
    case Mode::kSyntaxError:
      return Reply(
          400,
          R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:1: parse error: unexpected character"})");
    case Mode::kGarbage: return Reply(200, "<html>not what you expected");
    case Mode::kValue:
    case Mode::kCounter:
    case Mode::kSlow:
    case Mode::kHang: break;
  }
  AsyncReply reply = Reply(200, Vector(Sample("", at_ms, ValueAt(behaviour, at_ms))));
  reply.hang = behaviour.mode == Mode::kHang;
  return reply;
}

AsyncReply Refuse(std::string_view why) { return Reply(400, Json{{"error", why}}.dump()); }

}  // namespace

AsyncReply SeriesTable::Answer(std::string_view query, base::WallTime at, base::WallTime now) {
  const Series& series = Count(query, now);
  AsyncReply reply = Render(series.behaviour, at.time_since_epoch().count());
  reply.delay = series.behaviour.delay;
  return reply;
}

AsyncReply SeriesTable::AnswerRange(std::string_view query, const Range& range, base::WallTime now) {
  const Series& series = Count(query, now);
  const bool has_values = series.behaviour.mode == Mode::kValue || series.behaviour.mode == Mode::kCounter;
  if (!has_values) return Refuse("ranges of values and counters only");
  if (range.step.count() <= 0 || range.last < range.first) return Refuse("want start, end and a step above 0");
  if ((range.last - range.first) / range.step > kMostInstants) return Refuse("too many instants");
  std::string points;
  for (base::WallTime at = range.first; at <= range.last; at += range.step) {
    const std::int64_t at_ms = at.time_since_epoch().count();
    points += (points.empty() ? "" : ",") + Point(at_ms, ValueAt(series.behaviour, at_ms));
  }
  return Reply(200, Success("matrix", fmt::format(R"({{"metric":{{}},"values":[{}]}})", points)));
}

AsyncReply SeriesTable::Set(std::string_view body, base::WallTime now) {
  Json parsed = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_object()) parsed = Json::array({std::move(parsed)});
  if (!parsed.is_array()) return Refuse("want an object with name or prefix, or a list of them");
  const std::int64_t at = now.time_since_epoch().count();
  for (const Json& entry : parsed) {
    const bool by_name = entry.is_object() && entry.contains("name") && entry["name"].is_string();
    const bool by_prefix = entry.is_object() && entry.contains("prefix") && entry["prefix"].is_string();
    if (by_name == by_prefix) return Refuse("want an object with either name or prefix");
    const auto behaviour = ParseBehaviour(entry);
    if (!behaviour) return Refuse(behaviour.error().message);
    if (by_name) {
      Series& series = Find(entry["name"].get<std::string>());
      series.behaviour = *behaviour;
      series.set_at_ms = at;
      series.first_answer_ms = 0;
    } else {
      Apply(entry["prefix"].get<std::string>(), *behaviour, at);
    }
  }
  return Reply(200, fmt::format(R"({{"set_at_ms":{}}})", at));
}

AsyncReply SeriesTable::Stats() const {
  Json names = Json::object();
  for (const auto& [name, series] : series_) {
    names[name] = {{"queries", series.queries}, {"set_at_ms", series.set_at_ms}, {"first_answer_ms", series.first_answer_ms}};
  }
  return Reply(200, Json{{"queries", queries_}, {"series", std::move(names)}}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

SeriesTable::Series& SeriesTable::Count(std::string_view query, base::WallTime now) {
  Series& series = Find(NameIn(query));
  ++queries_;
  ++series.queries;
  if (series.first_answer_ms == 0) series.first_answer_ms = (now.time_since_epoch() + series.behaviour.delay).count();
  return series;
}

SeriesTable::Series& SeriesTable::Find(std::string_view name) {
  if (const auto found = series_.find(name); found != series_.end()) return found->second;
  Series& series = series_[std::string(name)];
  const auto rule = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& candidate) { return name.starts_with(candidate.prefix); });
  if (rule != rules_.rend()) {
    series.behaviour = rule->behaviour;
    series.set_at_ms = rule->set_at_ms;
  }
  return series;
}

void SeriesTable::Apply(const std::string& prefix, const Behaviour& behaviour, std::int64_t at) {
  std::erase_if(rules_, [&](const Rule& rule) { return rule.prefix.starts_with(prefix); });
  rules_.push_back({prefix, behaviour, at});
  for (auto& [name, series] : series_) {
    if (!name.starts_with(prefix)) continue;
    series.behaviour = behaviour;
    series.set_at_ms = at;
    series.first_answer_ms = 0;
  }
}

}  // namespace softmig::programs
