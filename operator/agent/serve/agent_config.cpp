#include "agent/serve/agent_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "compare/compare_spec.hpp"
#include "model/field_reader.hpp"
#include "model/limits.hpp"

namespace softmig::agent {
namespace {

using model::ErrorList;
using model::FieldReader;
using model::TextRule;

constexpr std::size_t kMostNames = 256;
constexpr TextRule kEnvoyName{1, 256, nullptr, ""};  // of a route or a cluster: Envoy's own, any text
constexpr TextRule kAddress{1, 512, model::IsHttpAddress, "an address such as http://127.0.0.1:8081"};
constexpr std::int64_t kMiB = 1 << 20;

/// The address without its last slash: a request's target begins with one.
std::string ReadUrl(FieldReader& side) {
  std::string url = side.Text("url", kAddress);
  while (url.ends_with('/')) url.pop_back();
  return url;
}

void ReadSide(FieldReader& reader, const char* key, std::string& url, std::vector<std::string>& clusters) {
  auto side = reader.RequiredObject(key);
  if (!side) return;
  url = ReadUrl(*side);
  clusters = side->Texts("clusters", kEnvoyName, {0, kMostNames});
  side->RefuseOthers();
}

/// `spec.compare` of the SoftMigration, as it stands there.
compare::CompareSpec ReadRules(FieldReader& reader, const nlohmann::json& config, ErrorList& errors) {
  if (!reader.Has("compare")) return {};
  reader.Raw("compare");
  auto parsed = compare::ParseCompareSpec(config["compare"], reader.PathOf("compare"));
  const bool is_good = parsed.errors.empty();
  for (model::FieldError& error : parsed.errors) errors.Add(std::move(error.path), std::move(error.message));
  return is_good ? std::move(parsed.spec) : compare::CompareSpec();
}

void ReadComponents(FieldReader& reader, const compare::CompareSpec& rules, ErrorList& errors, WatchPlan& plan) {
  std::set<std::string> names;
  for (FieldReader& entry : reader.Objects("components", {1, model::limits::kComponents})) {
    WatchedComponent component;
    component.name = entry.Text("name", model::kLabel);
    component.routes = entry.Texts("routes", kEnvoyName, {0, kMostNames});
    entry.RefuseOthers();
    if (!names.insert(component.name).second) entry.Fail("name", "is used twice");
    auto compiled = compare::RuleSet::Make(rules, component.name);
    if (compiled) {
      component.rules = std::move(*compiled);
    } else {
      errors.Add(reader.PathOf("compare"), compiled.error().message);
    }
    plan.components.push_back(std::move(component));
  }
}

void ReadReplay(FieldReader& reader, ReplayOptions& replay) {
  auto options = reader.Object("replay");
  if (!options) return;
  const auto size = [&](const char* key, std::int64_t most, std::size_t fallback) {
    return static_cast<std::size_t>(options->Integer(key, {1, most}, static_cast<std::int64_t>(fallback)));
  };
  replay.most_in_flight = size("inFlight", 1'024, replay.most_in_flight);
  replay.most_waiting = size("waiting", 65'536, replay.most_waiting);
  replay.deadline = options->Duration("deadline", {base::Millis(10), base::Millis(600'000)}, replay.deadline);
  options->RefuseOthers();
}

void ReadLimits(FieldReader& reader, AgentConfig& config) {
  auto limits = reader.Object("limits");
  if (!limits) return;
  const auto size = [&](const char* key, std::int64_t least, std::int64_t most, std::size_t fallback) {
    return static_cast<std::size_t>(limits->Integer(key, {least, most}, static_cast<std::int64_t>(fallback)));
  };
  config.memory = size("memoryBytes", kMiB, 64 * 1024 * kMiB, config.memory);
  config.most_streams = size("streams", 1, 65'536, config.most_streams);
  config.most_per_second = size("copiesPerSecond", 1, 1'000'000, config.most_per_second);
  config.capture.response_body = size("answerBytes", 1'024, 64 * kMiB, config.capture.response_body);
  limits->RefuseOthers();
}

base::Error ErrorOf(const std::vector<model::FieldError>& errors) {
  std::string text = "the configuration cannot be used:";
  for (const model::FieldError& error : errors) text += " " + error.path + ": " + error.message + ";";
  text.pop_back();
  return {base::ErrorCode::kInvalid, std::move(text), std::nullopt, std::nullopt};
}

}  // namespace

base::Result<AgentConfig> ParseAgentConfig(std::string_view text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return base::Fail(base::ErrorCode::kInvalid, "the configuration is no JSON");
  AgentConfig config;
  ErrorList errors;
  FieldReader reader(parsed, "config", errors);
  const compare::CompareSpec rules = ReadRules(reader, parsed, errors);
  config.plan.controls = rules.controls;
  ReadComponents(reader, rules, errors, config.plan);
  ReadSide(reader, "legacy", config.replay.urls[0], config.plan.legacy_clusters);
  ReadSide(reader, "target", config.replay.urls[1], config.plan.target_clusters);
  ReadReplay(reader, config.replay);
  ReadLimits(reader, config);
  config.sampling = static_cast<int>(reader.Integer("sampling", {1, 100}, config.sampling));
  config.replay.most_body = config.capture.response_body;
  config.replay.longest_body = std::max(config.replay.longest_body, 2 * config.capture.response_body);
  reader.RefuseOthers();
  const auto mistakes = errors.Take();
  if (!mistakes.empty()) return base::Fail(ErrorOf(mistakes));
  return config;
}

}  // namespace softmig::agent
