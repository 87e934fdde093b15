// The template of a route that the operator makes. What an HTTPRoute may hold is said by its own schema when it is made; held here is only
// what it cannot do without.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/limits.hpp"
#include "model/parse_parts.hpp"

namespace softmig::model {
namespace {

using nlohmann::json;

/// Labels or annotations.
json ParseMarks(FieldReader& metadata, std::string_view key, std::size_t longest) {
  const json* marks = metadata.Raw(key);
  if (marks == nullptr) return json::object();
  const auto fits = [&](const json& value) { return value.is_string() && value.get_ref<const std::string&>().size() <= longest; };
  if (marks->is_object() && marks->size() <= limits::kTemplateMarks && std::ranges::all_of(*marks, fits)) return *marks;
  metadata.Fail(key, fmt::format("must be at most {} texts of at most {} characters by name", limits::kTemplateMarks, longest));
  return json::object();
}

}  // namespace

std::string ParseTemplate(FieldReader& gateway_api) {
  auto reader = gateway_api.RequiredObject("template");
  if (!reader) return {};
  json manifest{{"metadata", json::object()}, {"spec", json::object()}};
  if (auto metadata = reader->Object("metadata")) {
    manifest["metadata"]["labels"] = ParseMarks(*metadata, "labels", limits::kTemplateLabelLength);
    manifest["metadata"]["annotations"] = ParseMarks(*metadata, "annotations", limits::kTemplateAnnotationLength);
    metadata->RefuseOthers();
  }
  if (auto spec = reader->RequiredObject("spec")) {
    spec->Objects("parentRefs", {1, limits::kTemplateParents});
    spec->Objects("rules", {1, limits::kTemplateRules});
    manifest["spec"] = *reader->Raw("spec");
  }
  reader->RefuseOthers();
  return manifest.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace softmig::model
