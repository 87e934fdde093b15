#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "model/codec.hpp"
#include "model/route_state.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

json SideJson(const Side& side) { return {side.service, side.port}; }

json RoutesJson(const Spec& spec) {
  json routes = json::array();
  for (const RouteRef& route : spec.routes) {
    json one{route.name, route.object};
    // Labels and annotations are about nobody's answers, and so are a bridge's port, replicas and sampling.
    const json manifest = json::parse(route.manifest, nullptr, false);
    if (manifest.is_object()) one.push_back(manifest.value("spec", json()));
    if (route.kind != RouteKind::kHttpRoute) one.push_back(KindId(route));
    if (route.kind == RouteKind::kCustom) one.push_back({route.custom.legacy.weight, route.custom.target.weight});
    routes.push_back(std::move(one));
  }
  std::sort(routes.begin(), routes.end());
  return routes;
}

/// What a component carries; `after` is only about when.
json ComponentsJson(const Spec& spec) {
  json components = json::array();
  for (const ComponentSpec& component : spec.components) {
    json rules = json::array();
    for (const RuleRef& rule : component.rules) rules.push_back({rule.route, rule.rule.value_or(""), rule.matches.value_or("")});
    std::sort(rules.begin(), rules.end());
    components.push_back({component.name, std::move(rules)});
  }
  std::sort(components.begin(), components.end());
  return components;
}

json BoundJson(const std::optional<double>& bound) { return bound ? json(*bound) : json(nullptr); }

json QueriesJson(const MetricSpec::Counts::Queries& queries) { return {queries.bad, queries.total, queries.histogram}; }

/// Not the burst tolerance: what was counted stays true under another patience.
json CountsJson(const MetricSpec::Counts& counts) {
  return {QueriesJson(counts.target),
          counts.legacy ? QueriesJson(*counts.legacy) : json(nullptr),
          counts.bucket,
          static_cast<int>(counts.rule),
          counts.max_rate,
          counts.min_requests,
          counts.ratio,
          counts.floor,
          counts.comparisons,
          BoundJson(counts.hard_limit)};
}

json MetricJson(const MetricSpec& metric) {
  std::vector<std::string> components = metric.components;
  std::sort(components.begin(), components.end());
  json out{{"name", metric.name}, {"address", SourceText(metric)}, {"components", components}};
  if (metric.counts) out["counts"] = CountsJson(*metric.counts);
  if (metric.value) out["value"] = {metric.value->query, BoundJson(metric.value->min), BoundJson(metric.value->max)};
  return out;
}

json MetricsJson(const Spec& spec) {
  json metrics = json::array();
  for (const MetricSpec& metric : spec.metrics) metrics.push_back(MetricJson(metric));
  std::sort(metrics.begin(), metrics.end());
  return metrics;
}

}  // namespace

std::string EvidenceHash(const Spec& spec) {
  json about{{"legacy", SideJson(spec.legacy)},    {"target", SideJson(spec.target)}, {"routes", RoutesJson(spec)},
             {"components", ComponentsJson(spec)}, {"metrics", MetricsJson(spec)},    {"flags", FlagTexts(spec.flags)}};
  if (!spec.compare_rules.empty()) about["compare"] = spec.compare_rules;  // any metric may count comparisons
  return fmt::format("{:016x}", base::Fnv1a(about.dump(-1, ' ', false, json::error_handler_t::replace)));
}

}  // namespace softmig::model
