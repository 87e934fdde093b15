#include <gtest/gtest.h>

#include "unit/lint/lint_fixture.hpp"

namespace softmig::lint {
namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

constexpr const char* kRules = "spec.routes[0].gatewayAPI.template.spec.rules";

/// The migration with a template whose only rule has these backends.
json WithBackends(const json& refs) {
  const json spec = {{"parentRefs", json::array({{{"name", "gw"}}})}, {"rules", json::array({{{"name", "pay"}, {"backendRefs", refs}}})}};
  json patch = With("/spec/routes/0/gatewayAPI/ownership", "Managed");
  patch.push_back({{"op", "add"}, {"path", "/spec/routes/0/gatewayAPI/template"}, {"value", {{"spec", spec}}}});
  return Manifest(patch);
}

json To(const std::string& service, int weight = 1) { return {{"name", service}, {"port", 8080}, {"weight", weight}}; }

TEST(Templates, OneThatSendsEverybodyToLegacyIsFine) {
  EXPECT_EQ(Said(WithBackends(json::array({To("payments-legacy")}))), Strings{});
  EXPECT_EQ(Said(WithBackends(json::array({To("payments-legacy"), To("payments-next", 0)}))), Strings{});
  json here = To("payments-legacy");
  here["namespace"] = "shop";
  EXPECT_EQ(Said(WithBackends(json::array({here}))), Strings{});
}

TEST(Templates, FindsWhatPreFlightWouldFind) {
  EXPECT_EQ(Said(WithBackends(json::array({To("somebody")}))), Strings{std::string("TemplateProblem ") + kRules});
  EXPECT_EQ(Said(WithBackends(json::array({To("payments-legacy"), To("somebody")}))), Strings{std::string("TemplateProblem ") + kRules});
  json named = WithBackends(json::array({To("payments-legacy")}));
  named["spec"]["components"] = json::array({{{"name", "refunds"}, {"rules", json::array({{{"route", "web"}, {"rule", "refund"}}})}}});
  const auto findings = Check(named, {});
  ASSERT_FALSE(findings.empty());
  EXPECT_NE(std::ranges::find_if(findings, [](const Finding& one) { return one.message.find("rule refund") != std::string::npos; }),
            findings.end());
}

TEST(Templates, WarnsOfUsersOnTheTargetFromTheFirstMoment) {
  EXPECT_EQ(Said(WithBackends(json::array({To("payments-legacy", 90), To("payments-next", 10)}))),
            Strings{std::string("TemplateSendsToTarget ") + kRules});
}

}  // namespace
}  // namespace softmig::lint
