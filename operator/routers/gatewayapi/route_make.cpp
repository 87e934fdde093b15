// Routes that are made from a template, and brought up to date where it was edited.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/rule_list_router.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using nlohmann::json;

/// The manifest as an object with the names that the spec gives it; null where it is none.
json Named(const model::RouteRef& route, const std::string& ns, const RouteDialect& dialect) {
  json object = json::parse(route.manifest, nullptr, false);
  if (!object.is_object() || !object["metadata"].is_object() || !object["spec"].is_object()) return nullptr;
  json& annotations = object["metadata"]["annotations"];
  if (!annotations.is_object()) annotations = json::object();
  object["apiVersion"] = dialect.api_version;
  object["kind"] = dialect.kind;
  object["metadata"]["name"] = route.object;
  object["metadata"]["namespace"] = ns;
  return object;
}

/// `saved`: what Save says of the template, before anybody is moved. What is too long is left out: then nothing can be adopted.
std::string MarkText(const std::string& migration, const model::RouteRef& route, const base::Result<std::string>& saved) {
  json mark = saved ? json::parse(*saved, nullptr, false) : json::object();
  const auto dump = [&] {
    mark["for"] = migration;
    mark["hash"] = fmt::format("{:016x}", base::Fnv1a(route.manifest));
    return mark.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  std::string text = dump();
  if (text.size() <= kMaxSaved) return text;
  mark = json::object();
  return dump();
}

}  // namespace

base::Result<json> RuleListRouter::Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                        const std::string& ns) const {
  json object = Named(route, ns, dialect_);
  if (object.is_null()) return base::Fail(ErrorCode::kInvalid, "the template of route " + route.name + " is no object");
  object["metadata"]["annotations"][kTemplateMark] = MarkText(intent.migration, route, Save(object, spec, route));
  // Patches are guarded by a uid, which only the API server gives.
  object["metadata"]["uid"] = "not yet";
  // A template without the rules to steer is made as it stands: users come in by it, and pre-flight says what is missing.
  const auto patch = Render(intent, object);
  try {
    if (patch && !patch->empty()) object.patch_inplace(json::parse(patch->json));
  } catch (const json::exception& error) {
    return base::Fail(ErrorCode::kInternal, std::string("a patch does not fit what it was made for: ") + error.what());
  }
  object["metadata"].erase("uid");
  return object;
}

base::Result<ObjectPatch> RuleListRouter::Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const json& object) const {
  const auto made = Make(intent, spec, route, NamespaceOf(object));
  if (!made) return base::Fail(made.error());
  if (ReadMark(object).text == ReadMark(*made).text) return ObjectPatch{};
  const std::string uid = UidOf(object);
  const std::string version = TextMember(Member(&object, "metadata"), "resourceVersion");
  if (uid.empty() || version.empty()) return base::Fail(ErrorCode::kInvalid, "route " + route.name + " has no uid or no resourceVersion");
  json patch = {{"metadata", made->at("metadata")}, {"spec", made->at("spec")}};
  patch["metadata"].erase("name");
  patch["metadata"].erase("namespace");
  patch["metadata"]["uid"] = uid;
  patch["metadata"]["resourceVersion"] = version;
  // A merge keeps what it does not name.
  if (const json* live = Member(&object, "spec"); live != nullptr && live->is_object()) {
    for (const auto& [key, value] : live->items()) patch["spec"].emplace(key, nullptr);
  }
  return ObjectPatch{patch.dump(-1, ' ', false, json::error_handler_t::replace), ObjectPatch::Form::kMerge};
}

}  // namespace softmig::routers
