#include "view/migration.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "compare/whole_spec.hpp"

namespace softmig::view {
namespace {

using nlohmann::json;

const json& Child(const json& object, const char* key) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  const auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::string Text(const json& object, const char* key) {
  const json& value = Child(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<base::WallTime> Time(const json& object, const char* key) {
  const auto parsed = base::ParseRfc3339(Text(object, key));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

/// The marks that tools for Git leave on what they apply.
std::string OwnerOf(const json& metadata) {
  const json& labels = Child(metadata, "labels");
  const json& annotations = Child(metadata, "annotations");
  if (auto id = Text(annotations, "argocd.argoproj.io/tracking-id"); !id.empty())
    return "Argo CD application " + id.substr(0, id.find(':'));
  if (auto name = Text(labels, "argocd.argoproj.io/instance"); !name.empty()) return "Argo CD application " + name;
  if (auto name = Text(labels, "kustomize.toolkit.fluxcd.io/name"); !name.empty()) return "Flux Kustomization " + name;
  if (auto name = Text(labels, "helm.toolkit.fluxcd.io/name"); !name.empty()) return "Flux HelmRelease " + name;
  if (auto name = Text(annotations, "meta.helm.sh/release-name"); !name.empty()) return "Helm release " + name;
  return {};
}

}  // namespace

base::Result<Migration> ReadMigration(const json& object) {
  if (!object.is_object() || Text(object, "kind") != "SoftMigration")
    return base::Fail(base::ErrorCode::kInvalid, "this is no SoftMigration");
  const json& metadata = Child(object, "metadata");
  Migration migration;
  migration.ns = Text(metadata, "namespace");
  migration.name = Text(metadata, "name");
  migration.resource_version = Text(metadata, "resourceVersion");
  const json& generation = Child(metadata, "generation");
  migration.generation = generation.is_number_integer() ? generation.get<std::int64_t>() : 0;
  migration.deleting = !Text(metadata, "deletionTimestamp").empty();
  migration.created = Time(metadata, "creationTimestamp");
  migration.owner = OwnerOf(metadata);
  migration.parsed = compare::ParseWholeSpec(Child(object, "spec"));
  const json& status = Child(object, "status");
  migration.status = model::ParseStatus(status.is_object() ? status : json::object());
  migration.seen = migration.status.observed_generation >= 0;
  return migration;
}

const model::Condition* FindCondition(const model::Status& status, const std::string& type) {
  const auto it = std::ranges::find(status.conditions, type, &model::Condition::type);
  return it == status.conditions.end() ? nullptr : &*it;
}

const model::ComponentSpec* SpecOf(const Migration& migration, const std::string& component) {
  const auto& components = migration.parsed.spec.components;
  const auto it = std::ranges::find(components, component, &model::ComponentSpec::name);
  return it == components.end() ? nullptr : &*it;
}

const model::Step* StepOf(const Migration& migration, const model::ComponentStatus& component) {
  const auto& steps = migration.parsed.spec.steps;
  const auto index = static_cast<std::size_t>(component.step);
  return component.step >= 0 && index < steps.size() ? &steps[index] : nullptr;
}

const model::Step* NextStepOf(const Migration& migration, const model::ComponentStatus& component) {
  const auto& steps = migration.parsed.spec.steps;
  if (component.step < -1) return nullptr;
  const std::size_t index = static_cast<std::size_t>(component.step) + 1;  // -1 wraps to 0
  return index < steps.size() ? &steps[index] : nullptr;
}

std::optional<base::WallTime> HoldUntil(const Migration& migration, const model::ComponentStatus& component) {
  const model::Step* step = StepOf(migration, component);
  if (step == nullptr || !migration.parsed.errors.empty() || !component.since || component.phase != model::Phase::kShift)
    return std::nullopt;
  return *component.since + step->hold;
}

EventLine ReadEvent(const json& event) {
  EventLine line;
  const json& series = Child(event, "series");
  const json& count = Child(series, "count");
  line.count = count.is_number_integer() ? count.get<std::int64_t>() : 1;
  const auto last = Time(series, "lastObservedTime");
  const auto first = Time(event, "eventTime");
  line.at = last ? *last : first ? *first : Time(event, "deprecatedLastTimestamp").value_or(base::WallTime{});
  line.warning = Text(event, "type") == "Warning";
  line.reason = Text(event, "reason");
  line.note = Text(event, "note");
  return line;
}

}  // namespace softmig::view
