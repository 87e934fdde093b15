#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "providers/prometheus/prometheus_provider.hpp"

/// A replay after a restart must see what the polls would have seen: the same series, printed as a range and as instants, read the same.
namespace softmig::providers {
namespace {

using base::Millis;
using base::WallTime;
using nlohmann::json;

/// A sample: a number as text, or a native histogram.
struct Sample {
  std::string text;
  bool native = false;
};

struct Series {
  std::map<std::string, std::string> labels;
  std::map<std::int64_t, Sample> samples;
};

struct World {
  RangeQuery query;
  std::vector<Series> series;
};

Sample AnySample() {
  static const std::vector<std::string> kOdd{"NaN", "+Inf", "-Inf", "one", "", "1e3", "-0.5", "1e999"};
  const int kind = *rc::gen::inRange(0, 30);
  if (kind == 0) return {"", true};
  if (kind < 3) return {*rc::gen::elementOf(kOdd), false};
  return {std::to_string(*rc::gen::inRange(0, 100)), false};
}

Series AnySeries(const RangeQuery& query, std::size_t instants) {
  Series series;
  if (*rc::gen::inRange(0, 8) != 0) {
    const std::vector<std::string> bounds{"0.5", "5e-1", "1", "1.0", "+Inf", "+Inf", "2.5"};
    series.labels["le"] = *rc::gen::elementOf(bounds);
  }
  for (const char* name : {"__name__", "pod"}) {
    if (*rc::gen::arbitrary<bool>()) series.labels[name] = *rc::gen::element(std::string("a"), std::string("\xC3\xBC\"\\"));
  }
  for (std::size_t i = 0; i < instants; ++i) {
    if (*rc::gen::inRange(0, 4) != 0) series.samples[InstantOf(query, i).time_since_epoch().count()] = AnySample();
  }
  return series;
}

World AnyWorld() {
  World world;
  world.query.start = WallTime(Millis(*rc::gen::element<std::int64_t>(0, 1'700'000'000'000, 1'700'000'000'123, 1'763'862'345'678)));
  world.query.step = Millis(*rc::gen::element(1, 10, 1'000, 10'000, 15'333));
  const int instants = *rc::gen::inRange(1, 12);
  world.query.end = world.query.start + world.query.step * (instants - 1);
  const int count = *rc::gen::inRange(0, 7);
  for (int i = 0; i < count; ++i) world.series.push_back(AnySeries(world.query, static_cast<std::size_t>(instants)));
  return world;
}

json Success(const char* type, json result) {
  return {{"status", "success"}, {"data", {{"resultType", type}, {"result", std::move(result)}}}};
}
json Native() { return {{"count", "4"}, {"sum", "3"}, {"buckets", {{0, "1", "2", "4"}}}}; }
double Seconds(std::int64_t millis) { return static_cast<double>(millis) / 1000; }

http::Response AsRange(const World& world) {
  json result = json::array();
  for (const Series& series : world.series) {
    json values = json::array();
    json histograms = json::array();
    for (const auto& [at, sample] : series.samples) {
      if (sample.native) histograms.push_back({Seconds(at), Native()});
      if (!sample.native) values.push_back({Seconds(at), sample.text});
    }
    if (values.empty() && histograms.empty()) continue;  // a series that is absent throughout is not in the answer
    json one{{"metric", series.labels}};
    if (!values.empty()) one["values"] = values;
    if (!histograms.empty()) one["histograms"] = histograms;
    result.push_back(one);
  }
  return {200, {}, Success("matrix", result).dump()};
}

http::Response AsInstant(const World& world, WallTime at) {
  json result = json::array();
  for (const Series& series : world.series) {
    const auto found = series.samples.find(at.time_since_epoch().count());
    if (found == series.samples.end()) continue;
    const json point = found->second.native ? Native() : json(found->second.text);
    result.push_back({{"metric", series.labels}, {found->second.native ? "histogram" : "value", {Seconds(found->first), point}}});
  }
  return {200, {}, Success("vector", result).dump()};
}

RC_GTEST_PROP(PrometheusAgreement, ARangeReadsAsItsInstantsDo, ()) {
  const World world = AnyWorld();
  const PrometheusProvider provider;
  const RangeReadings range = provider.ParseRange(AsRange(world), world.query);
  RC_ASSERT(range.error == "");
  RC_ASSERT(range.readings.size() == InstantsOf(world.query).value_or(0));
  for (std::size_t i = 0; i < range.readings.size(); ++i) {
    RC_ASSERT(range.readings[i] == provider.Parse(AsInstant(world, InstantOf(world.query, i))));
  }
}

RC_GTEST_PROP(PrometheusAgreement, HistogramsToo, ()) {
  const World world = AnyWorld();
  const double bound = *rc::gen::element(0.5, 1.0, 3.0);
  const PrometheusProvider provider;
  const HistogramRangeReadings range = provider.ParseHistogramRange(AsRange(world), world.query, bound);
  RC_ASSERT(range.error == "");
  RC_ASSERT(range.readings.size() == InstantsOf(world.query).value_or(0));
  for (std::size_t i = 0; i < range.readings.size(); ++i) {
    RC_ASSERT(range.readings[i] == provider.ParseHistogram(AsInstant(world, InstantOf(world.query, i)), bound));
  }
}

}  // namespace
}  // namespace softmig::providers
