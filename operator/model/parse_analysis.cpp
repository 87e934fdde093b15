#include <chrono>
#include <initializer_list>

#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

using Counts = MetricSpec::Counts;

constexpr TextRule kRate{1, 16, IsRate, "a decimal text from \"0\" to \"1\""};
constexpr TextRule kChance{1, 16, IsChance, "a decimal text from \"0.000001\" to \"0.5\""};
constexpr TextRule kShare{1, 16, IsShare, "a decimal text above \"0\" and below \"1\""};
constexpr TextRule kRatio{1, 16, IsRatio, "a decimal text from \"1\" to \"100\""};
constexpr TextRule kBound{1, 32, IsPositiveDecimal, "a decimal text above \"0\""};
constexpr TextRule kDecimal{1, 32, IsDecimal, "a decimal text such as \"0.5\""};
constexpr DurationRange kIntervals{std::chrono::seconds(1), std::chrono::hours(1)};
constexpr DurationRange kDelays{std::chrono::seconds(0), std::chrono::minutes(10)};
constexpr DurationRange kBursts{std::chrono::seconds(1), std::chrono::hours(24)};
constexpr std::string_view kServicePlaceholder = "{{service}}";

std::optional<double> OptionalDecimal(FieldReader& reader, std::string_view key, const TextRule& rule) {
  const auto text = reader.OptionalText(key, rule);
  return text ? ParseDecimal(*text) : std::nullopt;
}

double Decimal(FieldReader& reader, std::string_view key, const TextRule& rule, double fallback) {
  return OptionalDecimal(reader, key, rule).value_or(fallback);
}

/// Fields that belong to another kind of metric.
void RefuseMisplaced(FieldReader& metric, std::initializer_list<std::string_view> keys, std::string_view other) {
  for (const std::string_view key : keys) {
    if (metric.Has(key)) metric.Fail(key, "only goes with " + std::string(other));
  }
}

/// A field the metric's kind does not use is misplaced, not unknown.
void MarkKnown(FieldReader& reader, std::initializer_list<const char*> keys) {
  for (const char* key : keys) reader.Raw(key);
}

Counts::Queries ParseQueries(FieldReader& reader, bool is_histogram) {
  Counts::Queries queries;
  if (is_histogram) {
    queries.histogram = reader.Text("histogram", kQuery);
  } else {
    queries.bad = reader.Text("bad", kQuery);
    queries.total = reader.Text("total", kQuery);
  }
  return queries;
}

bool NamesService(const Counts::Queries& queries) {
  const auto names = [](const std::string& query) { return query.find(kServicePlaceholder) != std::string::npos; };
  return queries.histogram.empty() ? names(queries.bad) && names(queries.total) : names(queries.histogram);
}

/// What the user wrote for legacy, or the same queries where they name the Service by a placeholder.
void ParseLegacy(FieldReader& prometheus, Counts& counts) {
  const bool is_histogram = !counts.target.histogram.empty();
  if (auto legacy = prometheus.Object("legacy")) {
    counts.legacy = ParseQueries(*legacy, is_histogram);
    MarkKnown(*legacy, {"bad", "total", "histogram"});
    if (is_histogram) {
      RefuseMisplaced(*legacy, {"bad", "total"}, "prometheus.bad and prometheus.total");
    } else {
      RefuseMisplaced(*legacy, {"histogram"}, "prometheus.histogram");
    }
    legacy->RefuseOthers();
  } else if (NamesService(counts.target)) {
    counts.legacy = counts.target;
  }
}

void ParseRelative(FieldReader& metric, FieldReader& relative, Counts& counts) {
  counts.rule = Counts::Rule::kNotWorseThanLegacy;
  counts.ratio = Decimal(relative, "ratio", kRatio, counts.ratio);
  counts.floor = Decimal(relative, "floor", kRate, counts.floor);
  relative.RefuseOthers();
  if (!counts.legacy) metric.Fail("notWorseThanLegacy", "needs prometheus.legacy, or {{service}} in the queries");
}

void ParseLatency(FieldReader& metric, Counts& counts) {
  auto latency = metric.RequiredObject("latency");
  if (!latency) return;
  counts.bucket = ParseDecimal(latency->Text("le", kBound)).value_or(0);
  const auto fraction = OptionalDecimal(*latency, "maxFractionAbove", kShare);
  latency->RefuseOthers();
  if (metric.Has("notWorseThanLegacy") == latency->Has("maxFractionAbove")) {
    latency->Fail("maxFractionAbove", "either latency.maxFractionAbove or notWorseThanLegacy must be set");
  }
  counts.max_rate = fraction.value_or(0);
}

void ParseZero(FieldReader& zero, Counts& counts) {
  counts.rule = Counts::Rule::kZeroDiscrepancies;
  counts.comparisons = zero.Integer("comparisons", {1, limits::kComparisons}, std::nullopt);
  zero.RefuseOthers();
}

/// maxRate, notWorseThanLegacy or zeroDiscrepancies: exactly one of them.
void ParseTolerance(FieldReader& metric, Counts& counts) {
  auto relative = metric.Object("notWorseThanLegacy");
  auto zero = metric.Object("zeroDiscrepancies");
  const int set = (metric.Has("maxRate") ? 1 : 0) + (relative ? 1 : 0) + (zero ? 1 : 0);
  if (set != 1) metric.Fail("maxRate", "exactly one of maxRate, notWorseThanLegacy and zeroDiscrepancies must be set");
  if (relative) ParseRelative(metric, *relative, counts);
  if (zero) ParseZero(*zero, counts);
  if (metric.Has("maxRate")) counts.max_rate = ParseDecimal(metric.Text("maxRate", kRate)).value_or(0);
}

void ParseThreshold(FieldReader& metric, Counts& counts) {
  if (!metric.Has("minRequests")) {
    if (counts.max_rate >= 1) metric.Fail("maxRate", "must be below 1");
    return;
  }
  counts.min_requests = metric.Integer("minRequests", {1, limits::kMinRequests}, 100);
  counts.rule = Counts::Rule::kThreshold;
  if (!metric.Has("maxRate")) metric.Fail("minRequests", "only goes with maxRate");
  RefuseMisplaced(metric, {"hardLimit", "burstTolerance"}, "evidence, so not with minRequests");
}

void ParsePatience(FieldReader& metric, base::Millis burst_tolerance, Counts& counts) {
  counts.hard_limit = OptionalDecimal(metric, "hardLimit", kShare);
  counts.burst_tolerance = metric.Duration("burstTolerance", kBursts, burst_tolerance);
  if (counts.hard_limit && *counts.hard_limit <= counts.max_rate) metric.Fail("hardLimit", "must be above the tolerated rate");
  if (counts.rule == Counts::Rule::kZeroDiscrepancies) RefuseMisplaced(metric, {"hardLimit"}, "a tolerated rate");
}

Counts ParseCounts(FieldReader& metric, FieldReader& prometheus, base::Millis burst_tolerance) {
  Counts counts;
  const bool is_histogram = prometheus.Has("histogram");
  counts.target = ParseQueries(prometheus, is_histogram);
  ParseLegacy(prometheus, counts);
  if (is_histogram) {
    ParseLatency(metric, counts);
    if (auto relative = metric.Object("notWorseThanLegacy")) ParseRelative(metric, *relative, counts);
    RefuseMisplaced(metric, {"maxRate", "zeroDiscrepancies", "minRequests"}, "prometheus.bad and prometheus.total");
  } else {
    ParseTolerance(metric, counts);
    ParseThreshold(metric, counts);
    RefuseMisplaced(metric, {"latency"}, "prometheus.histogram");
  }
  ParsePatience(metric, burst_tolerance, counts);
  RefuseMisplaced(metric, {"min", "max"}, "prometheus.query");
  return counts;
}

/// Both sides answered each request that is counted, so there is no legacy to be worse than.
Counts ParseBridgeCounts(FieldReader& metric, base::Millis burst_tolerance) {
  RefuseMisplaced(metric, {"min", "max", "minRequests", "notWorseThanLegacy", "latency"},
                  "other sources; comparisons are judged by zeroDiscrepancies or maxRate");
  Counts counts;
  auto zero = metric.Object("zeroDiscrepancies");
  if (metric.Has("maxRate") == zero.has_value()) metric.Fail("maxRate", "exactly one of maxRate and zeroDiscrepancies must be set");
  if (zero) ParseZero(*zero, counts);
  if (metric.Has("maxRate")) counts.max_rate = ParseDecimal(metric.Text("maxRate", kRate)).value_or(0);
  if (counts.max_rate >= 1) metric.Fail("maxRate", "must be below 1");
  ParsePatience(metric, burst_tolerance, counts);
  return counts;
}

void RefuseCounting(FieldReader& metric) {
  RefuseMisplaced(metric, {"maxRate", "minRequests", "notWorseThanLegacy", "latency", "zeroDiscrepancies", "hardLimit", "burstTolerance"},
                  "counts: prometheus with bad and total, or histogram, or bridge; no other source can be asked about the past");
}

/// min and max of one number, whichever source gives it. `field`: where its query stands.
MetricSpec::Value ParseValue(FieldReader& metric, FieldReader& source, std::string_view field, std::string query) {
  MetricSpec::Value value;
  value.query = std::move(query);
  if (value.query.find(kServicePlaceholder) != std::string::npos) source.Fail(field, "{{service}} only goes with counts: name {{target}}");
  value.min = OptionalDecimal(metric, "min", kDecimal);
  value.max = OptionalDecimal(metric, "max", kDecimal);
  if (!metric.Has("min") && !metric.Has("max")) metric.Fail("max", "a query needs min, max or both");
  if (value.min && value.max && *value.min > *value.max) metric.Fail("max", "must not be below min");
  RefuseCounting(metric);
  return value;
}

/// A Job's end is judged as an exit code is.
MetricSpec::Value ValueOfJob(FieldReader& metric) {
  RefuseMisplaced(metric, {"min", "max"}, "a source of numbers; a Job is good where it completes");
  RefuseCounting(metric);
  MetricSpec::Value value;
  value.max = 0;
  return value;
}

void ParsePrometheus(FieldReader& reader, FieldReader& prometheus, base::Millis burst_tolerance, MetricSpec& metric) {
  metric.address = prometheus.Text("address", kAddress);
  metric.access = ParseAccess(prometheus, metric.address);
  const bool is_counts = prometheus.Has("bad") || prometheus.Has("total");
  const int kinds = (is_counts ? 1 : 0) + (prometheus.Has("histogram") ? 1 : 0) + (prometheus.Has("query") ? 1 : 0);
  if (kinds != 1) {
    prometheus.Fail("query", "exactly one of bad and total, histogram, or query must be set");
  } else if (prometheus.Has("query")) {
    metric.value = ParseValue(reader, prometheus, "query", prometheus.Text("query", kQuery));
    RefuseMisplaced(prometheus, {"legacy"}, "counts");
  } else {
    metric.counts = ParseCounts(reader, prometheus, burst_tolerance);
  }
  MarkKnown(prometheus, {"bad", "total", "query", "histogram", "legacy"});
  prometheus.RefuseOthers();
}

/// Where the query of a source stands.
std::string_view QueryField(const MetricSpec& metric) {
  const auto* web = std::get_if<WebSource>(&metric.source);
  if (web == nullptr) return "query";
  return web->posts ? "body" : "path";
}

void ParseSource(FieldReader& reader, base::Millis burst_tolerance, MetricSpec& metric) {
  int sources = 0;
  if (auto prometheus = reader.Object("prometheus")) {
    ++sources;
    ParsePrometheus(reader, *prometheus, burst_tolerance, metric);
  }
  for (const std::string_view key : kValueSources) {
    auto source = reader.Object(key);
    if (!source || ++sources > 1) continue;
    std::string query = ParseValueSource(key, *source, metric);
    metric.value = key == "job" ? ValueOfJob(reader) : ParseValue(reader, *source, QueryField(metric), std::move(query));
    source->RefuseOthers();
  }
  if (auto bridge = reader.Object("bridge"); bridge && ++sources == 1) {
    ParseBridgeSource(*bridge, metric);
    metric.counts = ParseBridgeCounts(reader, burst_tolerance);
  }
  if (sources == 1) return;
  reader.Fail("prometheus",
              "exactly one source must be set: prometheus, web, datadog, cloudWatch, newRelic, graphite, influxDB, job or bridge");
}

MetricSpec ParseMetric(FieldReader& reader, base::Millis burst_tolerance) {
  MetricSpec metric;
  metric.name = reader.Text("name", kLabel);
  metric.components = reader.Texts("components", kLabel, {0, limits::kComponents});
  ParseSource(reader, burst_tolerance, metric);
  MarkKnown(reader,
            {"min", "max", "maxRate", "minRequests", "notWorseThanLegacy", "latency", "zeroDiscrepancies", "hardLimit", "burstTolerance"});
  reader.RefuseOthers();
  return metric;
}

}  // namespace

void ParseAnalysis(FieldReader& spec, Spec& parsed) {
  auto analysis = spec.RequiredObject("analysis");
  if (!analysis) return;
  parsed.interval = analysis->Duration("interval", kIntervals, parsed.interval);
  parsed.delay = analysis->Duration("delay", kDelays, parsed.delay);
  parsed.alpha = Decimal(*analysis, "alpha", kChance, parsed.alpha);
  parsed.beta = Decimal(*analysis, "beta", kChance, parsed.beta);
  const base::Millis burst_tolerance = analysis->Duration("burstTolerance", kBursts, Counts().burst_tolerance);
  for (FieldReader& metric : analysis->Objects("metrics", {1, limits::kMetrics})) {
    parsed.metrics.push_back(ParseMetric(metric, burst_tolerance));
  }
  analysis->RefuseOthers();
}

}  // namespace softmig::model
