#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "model/codec.hpp"
#include "spec_table.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

std::string Listed(const std::vector<FieldError>& errors) {
  std::string text;
  for (const auto& error : errors) text += error.path + ": " + error.message + "\n";
  return text;
}

json Add(const char* path, json value) { return json{{{"op", "add"}, {"path", path}, {"value", std::move(value)}}}; }

TEST(ParseSpec, ComplainsOnceWhereOneThingIsWrong) {
  const ParsedSpec parsed = ParseSpec(BaseSpec(Add("/plan/shift/steps/1/weight", 101)));
  EXPECT_EQ(Listed(parsed.errors).find("spec.plan.shift.steps[1].weight: must be from 1 to 100, is 101"), 0U) << Listed(parsed.errors);
}

TEST(ParseSpec, ReadsATemplateAsItStands) {
  const json spec = {{"parentRefs", {{{"name", "gw"}}}}, {"rules", {{{"name", "refunds"}}}}, {"hostnames", {"a.example"}}};
  json patch = Add("/routes/0/gatewayAPI/ownership", "Managed");
  patch += Add("/routes/0/gatewayAPI/template", {{"metadata", {{"labels", {{"team", "pay"}}}}}, {"spec", spec}}).front();
  const ParsedSpec parsed = ParseSpec(BaseSpec(patch));
  ASSERT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  const json manifest = json::parse(parsed.spec.routes[0].manifest);
  EXPECT_EQ(manifest["spec"], spec);
  EXPECT_EQ(manifest["metadata"]["labels"], json({{"team", "pay"}}));
}

TEST(ParseSpec, ReadsEveryField) {
  const ParsedSpec parsed = ParseSpec(BaseSpec());
  ASSERT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  const Spec& spec = parsed.spec;
  EXPECT_EQ(spec.legacy, (Side{"payments-legacy", 8080}));
  EXPECT_EQ(spec.target, (Side{"payments-next", 8080}));
  EXPECT_EQ(spec.routes, (std::vector<RouteRef>{{"web", "payments"}}));
  ASSERT_EQ(spec.components.size(), 2U);
  EXPECT_EQ(spec.components[0], (ComponentSpec{"refunds", {{"web", "refunds", std::nullopt}}, {}}));
  EXPECT_EQ(spec.components[1].rules[0].matches, R"([{"path":{"type":"PathPrefix","value":"/checkout"}}])");
  EXPECT_EQ(spec.components[1].after, std::vector<std::string>{"refunds"});
  EXPECT_EQ(spec.steps, (std::vector<Step>{{Percent::Of(1), minutes(60)}, {Percent::Of(50), seconds(90)}, {Percent::Of(100), Millis(0)}}));
  EXPECT_EQ(spec.flags, (std::vector<HeaderFlag>{{{{"x-beta", "1"}}}}));
  ASSERT_EQ(spec.metrics.size(), 2U);
  ASSERT_TRUE(spec.metrics[0].counts && !spec.metrics[0].value);
  EXPECT_EQ(spec.metrics[0].counts->max_rate, 0.01);
  ASSERT_TRUE(spec.metrics[1].value && !spec.metrics[1].counts);
  EXPECT_EQ(spec.metrics[1].value->max, 0.5);
  EXPECT_EQ(spec.metrics[1].value->min, std::nullopt);
  EXPECT_EQ(spec.metrics[1].components, std::vector<std::string>{"checkout"});
}

TEST(ParseSpec, ReadsWhatIsNotTheDefault) {
  json json_spec = BaseSpec();
  json_spec["desiredPhase"] = "Shift";
  json_spec["paused"] = true;
  json_spec["attempt"] = 7;
  json_spec["plan"]["onBreach"] = "Hold";
  json_spec["plan"]["onNoEvidence"] = {{"deadline", "0"}, {"then", "Hold"}};
  json_spec["analysis"]["interval"] = "1m30s";
  json_spec["analysis"]["metrics"][0]["minRequests"] = 5;
  const ParsedSpec parsed = ParseSpec(json_spec);
  ASSERT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  EXPECT_EQ(parsed.spec.desired_phase, DesiredPhase::kShift);
  EXPECT_TRUE(parsed.spec.paused);
  EXPECT_EQ(parsed.spec.attempt, 7);
  EXPECT_EQ(parsed.spec.on_breach, BreachPolicy::kHold);
  EXPECT_EQ(parsed.spec.on_no_evidence, (NoEvidencePolicy{Millis(0), BreachPolicy::kHold}));
  EXPECT_EQ(parsed.spec.interval, seconds(90));
  EXPECT_EQ(parsed.spec.metrics[0].counts->min_requests, 5);
}

json WithSource(const char* name, const json& source) {
  json spec = BaseSpec();
  spec["analysis"]["metrics"][1] = {{"name", "latency"}, {name, source}, {"max", "0.5"}};
  return spec;
}

MetricSpec Parsed(const char* name, const json& source) {
  const ParsedSpec parsed = ParseSpec(WithSource(name, source));
  EXPECT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  return parsed.spec.metrics.at(1);
}

TEST(ParseSpec, ReadsEachSource) {
  const json key{{"name", "keys"}, {"key", "a"}};
  const SecretKey secret{"keys", "a"};
  const MetricSpec get = Parsed("web", {{"address", "http://h"}, {"path", "/x"}, {"jsonPath", "/a"}, {"bearerToken", key}});
  EXPECT_EQ(get.source, MetricSource(WebSource{false, "", "application/json", "/a"}));
  EXPECT_EQ(get.value->query, "/x");
  EXPECT_EQ(get.access.bearer_token, secret);
  const MetricSpec post = Parsed("web", {{"address", "http://h"}, {"method", "POST"}, {"path", "/x"}, {"body", "b"}, {"jsonPath", "/a"}});
  EXPECT_EQ(post.source, MetricSource(WebSource{true, "/x", "application/json", "/a"}));
  EXPECT_EQ(post.value->query, "b");
  json with_job = WithSource("job", {{"cronJob", "smoke"}, {"timeout", "90s"}});
  with_job["analysis"]["metrics"][1].erase("max");
  const ParsedSpec job = ParseSpec(with_job);
  ASSERT_TRUE(job.errors.empty()) << Listed(job.errors);
  EXPECT_EQ(job.spec.metrics.at(1).source, MetricSource(JobSource{"smoke", minutes(1), seconds(90)}));
  EXPECT_EQ(job.spec.metrics.at(1).value, (MetricSpec::Value{"", std::nullopt, 0}));
  const MetricSpec datadog = Parsed("datadog", {{"query", "q"}, {"apiKey", key}, {"applicationKey", key}});
  EXPECT_EQ(datadog.source, MetricSource(DatadogSource{false, "avg", minutes(5), secret, secret}));
  EXPECT_EQ(datadog.address, "https://api.datadoghq.com");
  const MetricSpec cloud = Parsed("cloudWatch", {{"region", "eu-west-1"}, {"query", "q"}, {"accessKeyId", key}, {"secretAccessKey", key}});
  EXPECT_EQ(cloud.source, MetricSource(CloudWatchSource{"eu-west-1", minutes(5), minutes(1), secret, secret, {}}));
  EXPECT_EQ(cloud.address, "https://monitoring.eu-west-1.amazonaws.com");
  const MetricSpec relic = Parsed("newRelic", {{"account", 7}, {"query", "q"}, {"userKey", key}});
  EXPECT_EQ(relic.source, MetricSource(NewRelicSource{7, secret}));
  EXPECT_EQ(relic.address, "https://api.newrelic.com");
  EXPECT_EQ(Parsed("graphite", {{"address", "http://h"}, {"query", "q"}, {"window", "1h"}}).source,
            MetricSource(GraphiteSource{minutes(60)}));
  const MetricSpec influx = Parsed("influxDB", {{"address", "http://h"}, {"query", "q"}, {"organization", "o"}, {"token", key}});
  EXPECT_EQ(influx.source, MetricSource(InfluxDbSource{"o", "", secret}));
  EXPECT_EQ(influx.value->query, "q");
}

TEST(ParseSpec, ReadsComparisonsOfABridgeAsCounts) {
  json spec = BaseSpec();
  spec.erase("components");
  spec["routes"] = {{{"name", "web"}, {"bridge", {{"name", "entrance"}, {"port", 80}}}}};
  const json bridge{{"verdicts", {"status-differs", "differs"}}};
  spec["analysis"]["metrics"] = {{{"name", "answers"}, {"bridge", bridge}, {"zeroDiscrepancies", {{"comparisons", 1000}}}},
                                 {{"name", "rate"}, {"bridge", bridge}, {"maxRate", "0.01"}}};
  const ParsedSpec parsed = ParseSpec(spec);
  ASSERT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  const MetricSpec& metric = parsed.spec.metrics.at(0);
  EXPECT_EQ(metric.source, MetricSource(BridgeSource{{"differs", "status-differs"}})) << "the order says nothing";
  EXPECT_EQ(metric.counts->rule, MetricSpec::Counts::Rule::kZeroDiscrepancies);
  EXPECT_EQ(metric.counts->comparisons, 1000);
  EXPECT_FALSE(metric.counts->legacy);
  EXPECT_EQ(parsed.spec.metrics.at(1).counts->max_rate, 0.01);
  EXPECT_TRUE(UsesEvidence(metric) && IsOfBridge(metric));
}

TEST(ParseSpec, SaysWhyOtherSourcesGiveNoCounts) {
  json spec = WithSource("graphite", {{"address", "http://h"}, {"query", "q"}});
  spec["analysis"]["metrics"][1]["maxRate"] = "0.01";
  const ParsedSpec parsed = ParseSpec(spec);
  ASSERT_EQ(parsed.errors.size(), 1U) << Listed(parsed.errors);
  EXPECT_EQ(parsed.errors[0].path, "spec.analysis.metrics[1].maxRate");
  EXPECT_NE(parsed.errors[0].message.find("no other source can be asked about the past"), std::string::npos) << parsed.errors[0].message;
}

TEST(ParseSpec, FillsInDefaults) {
  json json_spec = BaseSpec();
  for (const char* key : {"components", "desiredPhase", "paused", "attempt"}) json_spec.erase(key);
  json_spec["plan"] = {{"shift", {{"steps", {{{"weight", 100}}}}}}};
  json_spec["analysis"].erase("interval");
  json_spec["analysis"]["metrics"].erase(1);
  json_spec["analysis"]["metrics"][0].erase("minRequests");
  const ParsedSpec parsed = ParseSpec(json_spec);
  ASSERT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  const Spec& spec = parsed.spec;
  EXPECT_EQ(spec.components, (std::vector<ComponentSpec>{{"all", {}, {}}}));
  EXPECT_EQ(spec.desired_phase, DesiredPhase::kComplete);
  EXPECT_FALSE(spec.paused);
  EXPECT_EQ(spec.attempt, 1);
  EXPECT_EQ(spec.on_breach, BreachPolicy::kRollback);
  EXPECT_EQ(spec.on_no_evidence, (NoEvidencePolicy{minutes(15), BreachPolicy::kRollback}));
  EXPECT_EQ(spec.interval, seconds(5));
  ASSERT_TRUE(spec.metrics[0].counts);
  EXPECT_EQ(spec.metrics[0].counts->rule, MetricSpec::Counts::Rule::kMaxRate);
  EXPECT_EQ(spec.metrics[0].counts->burst_tolerance, minutes(1));
  EXPECT_FALSE(spec.metrics[0].counts->hard_limit);
  EXPECT_FALSE(spec.metrics[0].counts->legacy);
  EXPECT_EQ(spec.alpha, 0.01);
  EXPECT_EQ(spec.beta, 0.01);
  EXPECT_EQ(spec.delay, Millis(0));
}

TEST(ParseSpec, ReadsHowCountsAreJudgedByEvidence) {
  json json_spec = BaseSpec();
  json_spec["analysis"]["alpha"] = "0.001";
  json_spec["analysis"]["beta"] = "0.05";
  json_spec["analysis"]["delay"] = "30s";
  json_spec["analysis"]["burstTolerance"] = "2m";
  const json prometheus{{"address", "http://prometheus:9090"}, {"bad", "e{s=\"{{service}}\"}"}, {"total", "r{s=\"{{service}}\"}"}};
  json_spec["analysis"]["metrics"] = {
      {{"name", "a"}, {"prometheus", prometheus}, {"maxRate", "0.02"}, {"hardLimit", "0.5"}, {"burstTolerance", "10s"}},
      {{"name", "b"}, {"prometheus", prometheus}, {"notWorseThanLegacy", {{"ratio", "1.5"}}}},
      {{"name", "c"}, {"prometheus", prometheus}, {"zeroDiscrepancies", {{"comparisons", 100000000}}}},
      {{"name", "d"},
       {"prometheus", {{"address", "http://prometheus:9090"}, {"histogram", "h"}, {"legacy", {{"histogram", "g"}}}}},
       {"latency", {{"le", "0.5"}, {"maxFractionAbove", "0.01"}}}}};
  const ParsedSpec parsed = ParseSpec(json_spec);
  ASSERT_TRUE(parsed.errors.empty()) << Listed(parsed.errors);
  using Rule = MetricSpec::Counts::Rule;
  const Spec& spec = parsed.spec;
  EXPECT_EQ(spec.alpha, 0.001);
  EXPECT_EQ(spec.beta, 0.05);
  EXPECT_EQ(spec.delay, seconds(30));
  ASSERT_EQ(spec.metrics.size(), 4U);
  for (const MetricSpec& metric : spec.metrics) EXPECT_TRUE(UsesEvidence(metric)) << metric.name;
  EXPECT_EQ(spec.metrics[0].counts->hard_limit, 0.5);
  EXPECT_EQ(spec.metrics[0].counts->burst_tolerance, seconds(10));
  EXPECT_EQ(spec.metrics[0].counts->legacy, spec.metrics[0].counts->target);
  EXPECT_EQ(spec.metrics[1].counts->rule, Rule::kNotWorseThanLegacy);
  EXPECT_EQ(spec.metrics[1].counts->ratio, 1.5);
  EXPECT_EQ(spec.metrics[1].counts->floor, 0.001);
  EXPECT_EQ(spec.metrics[1].counts->burst_tolerance, minutes(2));
  EXPECT_EQ(spec.metrics[2].counts->rule, Rule::kZeroDiscrepancies);
  EXPECT_EQ(spec.metrics[2].counts->comparisons, 100'000'000);
  EXPECT_EQ(spec.metrics[3].counts->target.histogram, "h");
  EXPECT_EQ(spec.metrics[3].counts->legacy->histogram, "g");
  EXPECT_EQ(spec.metrics[3].counts->bucket, 0.5);
  EXPECT_EQ(spec.metrics[3].counts->max_rate, 0.01);
}

TEST(ParseSpec, NotesEveryMistakeInOnePassButNoMoreThan32) {
  json json_spec = BaseSpec();
  json_spec["legacy"]["service"]["port"] = 0;
  json_spec["paused"] = 3;
  EXPECT_EQ(ParseSpec(json_spec).errors.size(), 2U);
  for (int i = 0; i < 1000; ++i) json_spec["x" + std::to_string(i)] = i;
  EXPECT_EQ(ParseSpec(json_spec).errors.size(), 32U);
}

TEST(ParseSpec, RefusesWhatIsNoObject) {
  for (const json& value : {json(nullptr), json(1), json("text"), json::array(), json(true)}) {
    const ParsedSpec parsed = ParseSpec(value);
    ASSERT_EQ(parsed.errors.size(), 1U) << value;
    EXPECT_EQ(parsed.errors[0].path, "spec");
  }
}

TEST(ParseSpec, CutsAUsersUnknownKeyInThePath) {
  json json_spec = BaseSpec();
  json_spec[std::string(5000, 'k') + "\xff"] = 1;
  const ParsedSpec parsed = ParseSpec(json_spec);
  ASSERT_EQ(parsed.errors.size(), 1U);
  EXPECT_LT(parsed.errors[0].path.size(), 100U);
}

/// Replaces one random place of the document by something that does not belong there.
void Break(json& document, std::mt19937& random) {
  static const std::vector<json> kNonsense{nullptr,
                                           -1,
                                           1e300,
                                           UINT64_MAX,
                                           "",
                                           "\xff\xfe",
                                           json::array(),
                                           json::object(),
                                           true,
                                           json::array({nullptr, 1, "x"}),
                                           std::string(10000, 'x')};
  const json flat = document.flatten();
  auto item = flat.begin();
  std::advance(item, random() % flat.size());
  json::json_pointer place(item.key());
  for (auto up = random() % 3; up > 0 && !place.empty(); --up) place.pop_back();
  document[place] = kNonsense[random() % kNonsense.size()];
}

TEST(ParseSpec, SurvivesRandomDamage) {
  std::mt19937 random(20261122);
  const json base = BaseSpec();
  for (int round = 0; round < 1000; ++round) {
    json document = base;
    for (auto times = 1 + random() % 3; times > 0; --times) Break(document, random);
    const ParsedSpec parsed = ParseSpec(document);
    EXPECT_LE(parsed.errors.size(), 32U);
    EXPECT_FALSE(parsed.spec.components.empty());
    (void)EvidenceHash(parsed.spec);
  }
}

}  // namespace
}  // namespace softmig::model
