#include <chrono>
#include <initializer_list>

#include "model/limits.hpp"
#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

constexpr TextRule kAddress{1, 512, IsHttpAddress, "an address such as http://prometheus.monitoring:9090"};
constexpr TextRule kQuery{1, limits::kQueryLength, HasOnlyKnownPlaceholders,
                          "a query whose placeholders are {{namespace}}, {{name}}, {{component}}, {{legacy}} or {{target}}"};
constexpr TextRule kRate{1, 16, IsRate, "a decimal text from \"0\" to \"1\""};
constexpr TextRule kDecimal{1, 32, IsDecimal, "a decimal text such as \"0.5\""};
constexpr DurationRange kIntervals{std::chrono::seconds(1), std::chrono::hours(1)};

std::optional<double> OptionalDecimal(FieldReader& reader, std::string_view key, const TextRule& rule) {
  const auto text = reader.OptionalText(key, rule);
  return text ? ParseDecimal(*text) : std::nullopt;
}

/// Bounds that belong to the other kind of metric.
void RefuseMisplaced(FieldReader& metric, std::initializer_list<std::string_view> keys, std::string_view other) {
  for (const std::string_view key : keys) {
    if (metric.Has(key)) metric.Fail(key, "only goes with prometheus." + std::string(other));
  }
}

MetricSpec::Counts ParseCounts(FieldReader& metric, FieldReader& prometheus) {
  MetricSpec::Counts counts;
  counts.bad = prometheus.Text("bad", kQuery);
  counts.total = prometheus.Text("total", kQuery);
  counts.max_rate = ParseDecimal(metric.Text("maxRate", kRate)).value_or(0);
  counts.min_requests = metric.Integer("minRequests", {1, limits::kMinRequests}, 100);
  RefuseMisplaced(metric, {"min", "max"}, "query");
  return counts;
}

MetricSpec::Value ParseValue(FieldReader& metric, FieldReader& prometheus) {
  MetricSpec::Value value;
  value.query = prometheus.Text("query", kQuery);
  value.min = OptionalDecimal(metric, "min", kDecimal);
  value.max = OptionalDecimal(metric, "max", kDecimal);
  if (!metric.Has("min") && !metric.Has("max")) metric.Fail("max", "a query needs min, max or both");
  if (value.min && value.max && *value.min > *value.max) metric.Fail("max", "must not be below min");
  RefuseMisplaced(metric, {"maxRate", "minRequests"}, "bad and prometheus.total");
  return value;
}

/// A field the metric's kind does not use is misplaced, not unknown.
void MarkKnown(FieldReader& reader, std::initializer_list<const char*> keys) {
  for (const char* key : keys) reader.Raw(key);
}

MetricSpec ParseMetric(FieldReader& reader) {
  MetricSpec metric;
  metric.name = reader.Text("name", kLabel);
  metric.components = reader.Texts("components", kLabel, {0, limits::kComponents});
  if (auto prometheus = reader.RequiredObject("prometheus")) {
    metric.address = prometheus->Text("address", kAddress);
    const bool is_counts = prometheus->Has("bad") || prometheus->Has("total");
    if (is_counts == prometheus->Has("query")) {
      prometheus->Fail("query", "either bad and total, or query must be set");
    } else if (is_counts) {
      metric.counts = ParseCounts(reader, *prometheus);
    } else {
      metric.value = ParseValue(reader, *prometheus);
    }
    MarkKnown(*prometheus, {"bad", "total", "query"});
    prometheus->RefuseOthers();
  }
  MarkKnown(reader, {"min", "max", "maxRate", "minRequests"});
  reader.RefuseOthers();
  return metric;
}

}  // namespace

void ParseAnalysis(FieldReader& spec, Spec& parsed) {
  auto analysis = spec.RequiredObject("analysis");
  if (!analysis) return;
  parsed.interval = analysis->Duration("interval", kIntervals, parsed.interval);
  for (FieldReader& metric : analysis->Objects("metrics", {1, limits::kMetrics})) parsed.metrics.push_back(ParseMetric(metric));
  analysis->RefuseOthers();
}

}  // namespace softmig::model
