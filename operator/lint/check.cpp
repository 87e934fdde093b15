#include "lint/check.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compare/whole_spec.hpp"
#include "model/text_rules.hpp"

namespace softmig::lint {
namespace {

using nlohmann::json;

constexpr const char* kGroup = "softmigration.io/";
constexpr const char* kVersion = "softmigration.io/v1alpha1";

std::string TextAt(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

json Member(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() ? *it : json();
}

std::string NamespaceOf(const json& object) {
  const json metadata = Member(object, "metadata");
  return metadata.is_object() ? TextAt(metadata, "namespace") : std::string();
}

class Envelope {
 public:
  Envelope(const json& object, std::vector<Finding>& findings) : object_(object), findings_(findings) {}

  void Check() {
    if (TextAt(object_, "apiVersion") != kVersion) {
      Refuse("apiVersion", fmt::format("must be {}, is {}", kVersion, TextAt(object_, "apiVersion")));
    }
    for (const auto& [key, value] : object_.items()) {
      const bool known = key == "apiVersion" || key == "kind" || key == "metadata" || key == "spec" || key == "status";
      if (!known) Refuse(key, "unknown field");
    }
    CheckMetadata();
    const json status = Member(object_, "status");
    if (!status.is_null())
      findings_.push_back({Rule::kStatusIgnored, "status", "the API server ignores it: only the operator writes status"});
  }

 private:
  void Refuse(std::string path, std::string message) { findings_.push_back({Rule::kInvalidObject, std::move(path), std::move(message)}); }

  void CheckMetadata() {
    const json metadata = Member(object_, "metadata");
    if (!metadata.is_object()) return Refuse("metadata", "must be an object with a name");
    if (metadata.contains("name") || !metadata.contains("generateName")) CheckName(metadata);
    CheckNamespace(metadata);
    for (const char* field : {"labels", "annotations"}) CheckTexts(metadata, field);
  }

  void CheckName(const json& metadata) {
    const std::string name = TextAt(metadata, "name");
    if (name.empty()) return Refuse("metadata.name", "is required");
    if (name.size() > 253 || !model::IsDnsSubdomain(name)) Refuse("metadata.name", fmt::format("must be {}", model::kSubdomain.wanted));
  }

  void CheckNamespace(const json& metadata) {
    if (Member(metadata, "namespace").is_null()) {
      return findings_.push_back({Rule::kNoNamespace, "metadata", "names no namespace: it goes to that of whoever applies it"});
    }
    const std::string ns = TextAt(metadata, "namespace");
    if (ns.size() > 63 || !model::IsDnsLabel(ns)) Refuse("metadata.namespace", fmt::format("must be {}", model::kLabel.wanted));
  }

  /// `enabled: true` among annotations is a mistake that many make.
  void CheckTexts(const json& metadata, const char* field) {
    const json texts = Member(metadata, field);
    if (texts.is_null()) return;
    if (!texts.is_object()) return Refuse(fmt::format("metadata.{}", field), "must be an object of texts");
    for (const auto& [key, value] : texts.items()) {
      if (value.is_string()) continue;
      Refuse(fmt::format("metadata.{}.{}", field, key), fmt::format("must be a text, is {}: put it in quotes", value.type_name()));
    }
  }

  const json& object_;
  std::vector<Finding>& findings_;
};

}  // namespace

bool IsSoftMigration(const json& object) {
  return object.is_object() && TextAt(object, "kind") == "SoftMigration" && TextAt(object, "apiVersion").starts_with(kGroup);
}

std::string NameOf(const json& object) {
  if (!object.is_object()) return {};
  const json metadata = Member(object, "metadata");
  if (!metadata.is_object()) return {};
  const std::string ns = TextAt(metadata, "namespace");
  const std::string name = TextAt(metadata, "name");
  return ns.empty() || name.empty() ? name : ns + "/" + name;
}

std::vector<Finding> Check(const json& object, const Traffic& traffic) {
  std::vector<Finding> findings;
  Envelope(object, findings).Check();
  const auto spec = object.find("spec");
  if (spec == object.end()) {
    findings.push_back({Rule::kInvalidField, "spec", "is required"});
  } else {
    model::ParsedSpec parsed = compare::ParseWholeSpec(*spec);
    for (model::FieldError& error : parsed.errors) {
      findings.push_back({Rule::kInvalidField, std::move(error.path), std::move(error.message)});
    }
    if (parsed.errors.empty()) {
      for (Finding& finding : Advise(parsed.spec, traffic)) findings.push_back(std::move(finding));
      for (Finding& finding : CheckTemplates(parsed.spec, NamespaceOf(object))) findings.push_back(std::move(finding));
    }
  }
  for (Finding& finding : findings) finding.object = NameOf(object);
  return findings;
}

}  // namespace softmig::lint
