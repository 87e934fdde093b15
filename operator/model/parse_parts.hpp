#pragma once

#include <array>

#include "model/field_reader.hpp"
#include "model/limits.hpp"
#include "model/spec.hpp"

/// The parts of ParseSpec: each reads one section of the spec into typed values and notes what its own fields show to be wrong.
/// What needs two sections or two entries of a list is Validate's (validate.hpp). Lists stay parallel to the JSON, so that indexes are
/// paths.
namespace softmig::model {

/// The template of a route with ownership Managed, as RouteRef::manifest.
std::string ParseTemplate(FieldReader& gateway_api);
std::vector<ComponentSpec> ParseComponents(FieldReader& spec);
void ParsePlan(FieldReader& spec, Spec& parsed);
/// headers, bearerToken, basicAuth and tls of a source of metrics, beside its `address`.
SourceAccess ParseAccess(FieldReader& source, const std::string& address);
/// One of its headers is called Authorization.
bool SetsAuthorization(const SourceAccess& access);
std::optional<SecretKey> OptionalSecretKey(FieldReader& reader, std::string_view key);
SecretKey RequiredSecretKey(FieldReader& reader, std::string_view key);
/// A source that gives one number, as the field `key` of a metric. The query is given back.
std::string ParseValueSource(std::string_view key, FieldReader& source, MetricSpec& metric);
/// Comparisons of a bridge, which are counts.
void ParseBridgeSource(FieldReader& source, MetricSpec& metric);

inline constexpr std::array<std::string_view, 7> kValueSources{"web", "datadog", "cloudWatch", "newRelic", "graphite", "influxDB", "job"};
inline constexpr TextRule kAddress{1, 512, IsHttpAddress, "an address such as http://prometheus.monitoring:9090"};
inline constexpr TextRule kQuery{
    1, limits::kQueryLength, HasOnlyKnownPlaceholders,
    "a query whose placeholders are {{namespace}}, {{name}}, {{component}}, {{legacy}}, {{target}} or {{service}}"};
void ParseAnalysis(FieldReader& spec, Spec& parsed);

}  // namespace softmig::model
