#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lint/check.hpp"

namespace softmig::lint {

/// A migration of which lint has nothing to say but how much traffic its evidence needs. `patch` (RFC 6902) varies it.
inline nlohmann::json Manifest(const nlohmann::json& patch = nlohmann::json::array()) {
  static const nlohmann::json kBase = nlohmann::json::parse(R"json({
    "apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration", "metadata": {"name": "payments", "namespace": "shop"},
    "spec": {
      "legacy": {"service": {"name": "payments-legacy", "port": 8080}}, "target": {"service": {"name": "payments-next", "port": 8080}},
      "routes": [{"name": "web", "gatewayAPI": {"name": "payments"}}],
      "plan": {"shift": {"steps": [{"weight": 1, "hold": "1h"}, {"weight": 50, "hold": "1h"}, {"weight": 100}]}},
      "analysis": {"metrics": [{"name": "errors", "maxRate": "0.01", "prometheus": {"address": "https://prometheus:9090",
        "bad": "sum(errors{service=\"{{target}}\"}) or vector(0)", "total": "sum(requests{service=\"{{target}}\"})",
        "legacy": {"bad": "sum(errors{service=\"{{legacy}}\"}) or vector(0)", "total": "sum(requests{service=\"{{legacy}}\"})"}}}]}}})json");
  return kBase.patch(patch);
}

/// "add" of one value.
inline nlohmann::json With(const std::string& path, const nlohmann::json& value) {
  return nlohmann::json::array({{{"op", "add"}, {"path", path}, {"value", value}}});
}
inline nlohmann::json Without(const std::string& path) { return nlohmann::json::array({{{"op", "remove"}, {"path", path}}}); }

/// "RULE path" of each finding but EvidenceNeeds, which every migration has.
inline std::vector<std::string> Said(const nlohmann::json& object, const Traffic& traffic = {}) {
  std::vector<std::string> said;
  for (const Finding& finding : Check(object, traffic)) {
    if (finding.rule != Rule::kEvidenceNeeds) said.push_back(std::string(TextOf(finding.rule).name) + " " + finding.path);
  }
  return said;
}

}  // namespace softmig::lint
