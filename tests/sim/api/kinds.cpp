#include "sim/api/kinds.hpp"

#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "kube/core/known_types.hpp"
#include "sim/api/cel_rules.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

constexpr int kDeepest = 100;

/// A plain scalar as YAML 1.2's core schema reads it; a quoted one is always text.
json ReadScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  const char* end = text.data() + text.size();
  long long whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end) return whole;
  // YAML's numbers have a digit; "NaN" and "inf" are words.
  if (text.find_first_of("0123456789") == std::string::npos) return text;
  double number = 0;
  if (const auto read = std::from_chars(text.data(), end, number); read.ec == std::errc() && read.ptr == end) return number;
  return text;
}

json Convert(const YAML::Node& node, int depth) {
  if (depth > kDeepest) throw YAML::Exception(YAML::Mark::null_mark(), "nested too deeply");
  if (node.IsScalar()) return ReadScalar(node);
  json value;
  if (node.IsSequence()) {
    value = json::array();
    for (const YAML::Node& item : node) value.push_back(Convert(item, depth + 1));
  }
  if (node.IsMap()) {
    value = json::object();
    for (const auto& member : node) value[member.first.Scalar()] = Convert(member.second, depth + 1);
  }
  return value;
}

Kind CustomKind(kube::ResourceType type, const json& schema, const RuleBook& rules) {
  return Kind{.type = std::move(type), .schema = ReadSchema(schema, rules), .custom = true, .generation = true};
}

Kind BuiltinKind(kube::ResourceType type, const json& schema) {
  const RuleBook none = [](std::string_view) { return std::optional<RuleCheck>(); };
  return Kind{.type = std::move(type), .schema = ReadSchema(schema, none)};
}

std::array<Kind, 6> ReadKinds() {
  const std::string root = SOFTMIG_SOURCE_DIR;
  const json crd = ReadYamlFile(root + "/crds/softmigration.io_softmigrations.yaml");
  const json route = ReadYamlFile(root + "/tests/sim/api/schemas/httproute.yaml");
  const json builtin = ReadYamlFile(root + "/tests/sim/api/schemas/builtin.yaml");
  const json& migration = crd.at("spec").at("versions").at(0).at("schema").at("openAPIV3Schema");
  std::array<Kind, 6> kinds = {CustomKind(kube::kSoftMigrations, migration, FindMigrationRule),
                               CustomKind(kube::kHttpRoutes, route, FindRouteRule),
                               BuiltinKind(kube::kServices, builtin.at("service")),
                               BuiltinKind(kube::kEndpointSlices, builtin.at("endpointslice")),
                               BuiltinKind(kube::kLeases, builtin.at("lease")),
                               BuiltinKind(kube::kEvents, builtin.at("event"))};
  kinds[2].unconditional_update = true;
  kinds[3].unconditional_update = kinds[3].generation = true;
  kinds[4].create_on_update = true;
  kinds[5].unconditional_update = kinds[5].create_on_update = true;
  return kinds;
}

}  // namespace

json ReadYaml(const std::string& text) {
  try {
    return Convert(YAML::Load(text), 0);
  } catch (const YAML::Exception&) {
    return json(json::value_t::discarded);
  }
}

json ReadYamlFile(const std::string& path) {
  try {
    return Convert(YAML::LoadFile(path), 0);
  } catch (const YAML::Exception& failure) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), failure.what());
    std::abort();
  }
}

std::span<const Kind> Kinds() {
  static const std::array<Kind, 6> kKinds = ReadKinds();
  return kKinds;
}

}  // namespace softmig::sim
