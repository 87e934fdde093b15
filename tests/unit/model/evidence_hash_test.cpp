#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "model/codec.hpp"
#include "model/route_state.hpp"
#include "spec_table.hpp"

namespace softmig::model {
namespace {

using Edit = std::function<void(Spec&)>;

Spec Base() { return ParseSpec(BaseSpec()).spec; }

std::string HashAfter(const Edit& edit) {
  Spec spec = Base();
  edit(spec);
  return EvidenceHash(spec);
}

TEST(EvidenceHash, IsSixteenHexDigits) {
  const std::string hash = EvidenceHash(Base());
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(EvidenceHash, ChangesWithWhatEvidenceIsAbout) {
  const std::map<std::string, Edit> edits{
      {"legacy", [](Spec& spec) { spec.legacy.port = 81; }},
      {"target", [](Spec& spec) { spec.target.service = "other"; }},
      {"route object", [](Spec& spec) { spec.routes[0].object = "other"; }},
      {"rule", [](Spec& spec) { spec.components[0].rules[0].rule = "other"; }},
      {"matches", [](Spec& spec) { spec.components[1].rules[0].matches = "[]"; }},
      {"component", [](Spec& spec) { spec.components.pop_back(); }},
      {"flag", [](Spec& spec) { spec.flags.clear(); }},
      {"bad", [](Spec& spec) { spec.metrics[0].counts->target.bad = "other"; }},
      {"total", [](Spec& spec) { spec.metrics[0].counts->target.total = "other"; }},
      {"max rate", [](Spec& spec) { spec.metrics[0].counts->max_rate = 0.5; }},
      {"min requests", [](Spec& spec) { spec.metrics[0].counts->min_requests = 5; }},
      {"address", [](Spec& spec) { spec.metrics[0].address = "http://other"; }},
      {"token", [](Spec& spec) { spec.metrics[0].access.bearer_token = SecretKey{"prom", "token"}; }},
      {"key of the token", [](Spec& spec) { spec.metrics[0].access.bearer_token = SecretKey{"prom", "other"}; }},
      {"tenant", [](Spec& spec) { spec.metrics[0].access.headers = {{"X-Scope-OrgID", "shop", {}}}; }},
      {"CA", [](Spec& spec) { spec.metrics[0].access.ca = SecretKey{"prom", "token"}; }},
      {"user", [](Spec& spec) { spec.metrics[0].access.basic = SourceAccess::Basic{{"prom", "user"}, {"prom", "token"}}; }},
      {"server name", [](Spec& spec) { spec.metrics[0].access.server_name = "prom.example.com"; }},
      {"source", [](Spec& spec) { spec.metrics[1].source = WebSource{false, "", "", "/a"}; }},
      {"way to the number", [](Spec& spec) { spec.metrics[1].source = WebSource{false, "", "", "/b"}; }},
      {"window", [](Spec& spec) { spec.metrics[1].source = GraphiteSource{Millis(1)}; }},
      {"account", [](Spec& spec) { spec.metrics[1].source = NewRelicSource{1, {}}; }},
      {"region", [](Spec& spec) { spec.metrics[1].source = CloudWatchSource{"r", {}, {}, {}, {}, {}}; }},
      {"database", [](Spec& spec) { spec.metrics[1].source = InfluxDbSource{"", "d", {}}; }},
      {"organization", [](Spec& spec) { spec.metrics[1].source = InfluxDbSource{"d", "", {}}; }},
      {"aggregator", [](Spec& spec) { spec.metrics[1].source = DatadogSource{false, "max", {}, {}, {}}; }},
      {"bound", [](Spec& spec) { spec.metrics[1].value->max = 1; }},
      {"other bound", [](Spec& spec) { std::swap(spec.metrics[1].value->max, spec.metrics[1].value->min); }},
      {"rules of compare", [](Spec& spec) { spec.compare_rules = "other"; }},
      {"metric's components", [](Spec& spec) { spec.metrics[1].components.clear(); }},
  };
  std::map<std::string, std::string> seen{{EvidenceHash(Base()), "base"}};
  for (const auto& [name, edit] : edits) {
    const auto [other, is_new] = seen.emplace(HashAfter(edit), name);
    EXPECT_TRUE(is_new) << name << " gives the hash of " << other->second;
  }
}

TEST(SecretsOf, NamesEachSecretOnce) {
  Spec spec = Base();
  EXPECT_TRUE(SecretsOf(spec.metrics[0]).empty());
  SourceAccess& access = spec.metrics[0].access;
  access.headers = {{"X-Scope-OrgID", "shop", {}}, {"X-Key", "", SecretKey{"keys", "a"}}};
  access.basic = SourceAccess::Basic{{"prom", "user"}, {"prom", "password"}};
  access.ca = SecretKey{"ca", "ca.crt"};
  EXPECT_EQ(SecretsOf(spec.metrics[0]), (std::vector<std::string>{"ca", "keys", "prom"}));
  spec.metrics[0].source = NewRelicSource{1, {"relic", "key"}};
  EXPECT_EQ(SecretsOf(spec.metrics[0]), (std::vector<std::string>{"ca", "keys", "prom", "relic"}));
}

TEST(EvidenceHash, StaysWithHarmlessEdits) {
  const std::map<std::string, Edit> edits{
      {"weight", [](Spec& spec) { spec.steps[0].weight = Percent::Of(7); }},
      {"hold", [](Spec& spec) { spec.steps[0].hold = Millis(1); }},
      {"paused", [](Spec& spec) { spec.paused = true; }},
      {"phase", [](Spec& spec) { spec.desired_phase = DesiredPhase::kShift; }},
      {"attempt", [](Spec& spec) { spec.attempt = 9; }},
      {"policy", [](Spec& spec) { spec.on_breach = BreachPolicy::kHold; }},
      {"interval", [](Spec& spec) { spec.interval = Millis(1000); }},
      {"after", [](Spec& spec) { spec.components[1].after.clear(); }},
      {"order of metrics", [](Spec& spec) { std::swap(spec.metrics[0], spec.metrics[1]); }},
      {"order of components", [](Spec& spec) { std::swap(spec.components[0], spec.components[1]); }},
  };
  for (const auto& [name, edit] : edits) EXPECT_EQ(HashAfter(edit), EvidenceHash(Base())) << name;
}

TEST(FlagText, IsLowerCaseAndSorted) {
  EXPECT_EQ(FlagText({{{"X-Beta", "Yes"}, {"a", "1"}}}), "a=1,x-beta=Yes");
  EXPECT_EQ(FlagText({}), "");
}

TEST(FlagText, NeverMixesUpTwoFlags) {
  EXPECT_NE(FlagText({{{"a", "1,b=2"}}}), FlagText({{{"a", "1"}, {"b", "2"}}}));
  EXPECT_NE(FlagText({{{"a", "%2C"}}}), FlagText({{{"a", ","}}}));
}

TEST(AskedText, NamesTheQueriesAndNothingThatMayBeAKey) {
  MetricSpec metric;
  metric.counts = MetricSpec::Counts{};
  metric.counts->target = {"bad{}", "all{}", ""};
  EXPECT_EQ(AskedText(metric), "bad: bad{}; total: all{}");
  metric.counts->bucket = 0.25;
  metric.counts->legacy = MetricSpec::Counts::Queries{"", "", "old_bucket"};
  EXPECT_EQ(AskedText(metric), "bad: bad{}; total: all{}; legacy histogram above 0.25: old_bucket");

  MetricSpec web;
  web.address = "http://health:80";
  web.access.headers.push_back({"x-api-key", "literal", {}});
  web.value = MetricSpec::Value{"/rate?token=literal", {}, 1.0};
  web.source = WebSource{false, "", "", "$.rate"};
  EXPECT_EQ(AskedText(web), "/rate $.rate");
  web.source = WebSource{true, "/query?key=literal", "text/plain", "$.rate"};
  EXPECT_EQ(AskedText(web), "/query $.rate");
  web.source = JobSource{"smoke", {}, {}};
  EXPECT_EQ(AskedText(web), "CronJob smoke");
  web.source = BridgeSource{{"differs", "target-error"}};
  EXPECT_EQ(AskedText(web), "bad: differs, target-error; total: comparisons of the bridge");
  web.source = PrometheusSource{};
  web.value->query = "sum(rate(errors[1m]))";
  EXPECT_EQ(AskedText(web), "sum(rate(errors[1m]))");
}

}  // namespace
}  // namespace softmig::model
