#include "sim/api/admission.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "kube/core/json_text.hpp"

namespace softmig::sim {
namespace {

using kube::Child;
using kube::StringField;
using nlohmann::json;

/// What only the server writes.
constexpr std::array kServerFields = {"uid",           "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds",
                                      "managedFields", "selfLink"};

bool IsKnownMetadata(const std::string& name) {
  static const std::set<std::string, std::less<>> kKnown = {
      "name",       "namespace",     "labels", "annotations",       "finalizers",        "ownerReferences",           "resourceVersion",
      "generation", "managedFields", "uid",    "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"};
  return kKnown.contains(name);
}

/// Drops what ObjectMeta does not know and what is empty.
void CleanMetadata(json& metadata) {
  for (auto it = metadata.begin(); it != metadata.end();) {
    const bool empty =
        it->is_null() || (it->is_structured() && it->empty()) || (it->is_string() && it->get_ref<const std::string&>().empty());
    it = empty || !IsKnownMetadata(it.key()) ? metadata.erase(it) : std::next(it);
  }
}

bool IsTextMap(const json& value) {
  return value.is_null() || (value.is_object() && std::ranges::all_of(value, [](const json& text) { return text.is_string(); }));
}
bool IsTextList(const json& value) {
  return value.is_null() || (value.is_array() && std::ranges::all_of(value, [](const json& text) { return text.is_string(); }));
}

/// What ObjectMeta cannot hold: the real server fails to decode it.
bool IsDecodable(const json& object) {
  if (!object.is_object() || !Child(object, "metadata").is_object()) return false;
  const json& metadata = object["metadata"];
  for (const char* name : {"name", "namespace", "uid", "resourceVersion"}) {
    const json& text = Child(metadata, name);
    if (!text.is_null() && !text.is_string()) return false;
  }
  return IsTextMap(Child(metadata, "labels")) && IsTextMap(Child(metadata, "annotations")) && IsTextList(Child(metadata, "finalizers"));
}

/// Kind, name and namespace of the body fit the path.
std::optional<Refusal> CheckIdentity(const Call& call, json& object) {
  if (object.is_object() && !object.contains("metadata")) object["metadata"] = json::object();
  if (!IsDecodable(object)) return BadRequest("the object cannot be decoded");
  const kube::ResourceType& type = call.kind->type;
  for (const auto& [name, wanted] : {std::pair("apiVersion", type.ApiVersion()), std::pair("kind", type.kind)}) {
    if (!object.contains(name) && !call.kind->custom) object[name] = wanted;
    if (StringField(object, name) != wanted) return BadRequest("the " + std::string(name) + " of the object is not the one of the path");
  }
  json& metadata = object["metadata"];
  if (StringField(metadata, "namespace").empty()) metadata["namespace"] = call.ns;
  if (metadata["namespace"] != call.ns) return BadRequest("the namespace of the object does not match the namespace of the request");
  if (call.name.empty()) return std::nullopt;
  if (StringField(metadata, "name").empty() && call.media_type == "application/json") metadata["name"] = call.name;
  if (StringField(metadata, "name") != call.name) return BadRequest("the name of the object does not match the name of the path");
  return std::nullopt;
}

/// Drops what the schema does not know and fills in what it knows better, member by member; what equals `old` is so already.
/// False where something was dropped.
bool Conform(const Kind& kind, const json* old, json& object) {
  bool complete = true;
  const auto unchanged = [&](const std::string& name, const json& value) {
    if (old == nullptr) return false;
    const auto before = old->find(name);
    return before != old->end() && *before == value;
  };
  for (auto it = object.begin(); it != object.end();) {
    const Schema* schema = kind.schema->Property(it.key());
    if (schema == nullptr) {
      it = object.erase(it);
      complete = false;
      continue;
    }
    if (it->is_null() && !schema->nullable && !schema->fallback) {
      it = object.erase(it);
      continue;
    }
    if (it.key() != "metadata" && !unchanged(it.key(), it.value())) {
      complete = Prune(*schema, it.value()) && complete;
      Default(*schema, it.value());
    }
    ++it;
  }
  for (const auto& [name, schema] : kind.schema->properties) {
    const auto found = object.find(name);
    if (schema->fallback && (found == object.end() || found->is_null())) {
      object[name] = *schema->fallback;
      Default(*schema, object[name]);
    }
  }
  return complete;
}

std::optional<Refusal> CheckStrict(const Call& call, bool complete) {
  if (complete || call.Query("fieldValidation") != "Strict") return std::nullopt;
  return BadRequest("strict decoding error: unknown field");
}

/// What a Service gets that is not in its schema's defaults.
void CompleteService(const Stamp& stamp, json& object) {
  json& spec = object["spec"];
  if (!spec.is_object()) spec = json::object();
  if (!spec.contains("clusterIP")) spec["clusterIP"] = stamp.cluster_ip;
  for (json& port : spec["ports"]) {
    if (port.is_object() && !port.contains("targetPort")) port["targetPort"] = port.value("port", 0);
  }
}

/// What is not in the schema's defaults.
void Complete(const Call& call, const Stamp& stamp, const json* old, json& object) {
  const std::string& plural = call.kind->type.plural;
  if (plural == "services") {
    if (old != nullptr && !Child(object, "spec").contains("clusterIP")) object["spec"]["clusterIP"] = Child((*old)["spec"], "clusterIP");
    CompleteService(stamp, object);
  }
  if (plural == "endpointslices") {
    for (const char* list : {"endpoints", "ports"}) {
      if (Child(object, list).empty()) object[list] = nullptr;
    }
  }
}

/// Only the count of an event may change.
void CheckEvent(const Call& call, const json& old, const json& object, FieldErrors& errors) {
  if (call.kind->type.plural != "events") return;
  for (const auto& [name, schema] : call.kind->schema->properties) {
    if (name == "metadata" || name == "series" || Child(old, name.c_str()) == Child(object, name.c_str())) continue;
    errors.push_back({"FieldValueInvalid", name == "note" ? "message" : name, "field is immutable"});
  }
}

void CheckName(const json& object, FieldErrors& errors) {
  static const Pattern kName(R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)");
  const std::string name = StringField(object["metadata"], "name");
  if (name.empty()) {
    errors.push_back({"FieldValueRequired", "metadata.name", "name or generateName is required"});
  } else if (name.size() > 253 || !kName.Finds(name)) {
    errors.push_back({"FieldValueInvalid", "metadata.name", "is no name"});
  }
}

std::optional<Refusal> Judge(const Call& call, const json& object, const json* old, FieldErrors errors) {
  errors = Validate(*call.kind->schema, object, old, std::move(errors));
  if (errors.empty()) return std::nullopt;
  return Invalid(call, StringField(object["metadata"], "name"), std::move(errors));
}

/// Another version of the object than the one that the writer knew.
std::optional<Refusal> CheckVersion(const Call& call, const json& old, const json& object) {
  const std::string live = StringField(old["metadata"], "resourceVersion");
  const std::string wanted = StringField(object["metadata"], "resourceVersion");
  if (wanted == live) return std::nullopt;
  if (!wanted.empty()) return Conflict(call, "the object has been modified; please apply your changes to the latest version and try again");
  if (call.kind->unconditional_update) return std::nullopt;
  return NeedsVersion(call);
}

/// Puts back what the server owns.
void RestoreServerFields(const json& old, json& metadata) {
  for (const char* name : kServerFields) {
    const auto live = old.find(name);
    if (live == old.end()) {
      metadata.erase(name);
    } else if (!metadata.contains(name) || metadata[name] != *live) {
      metadata[name] = *live;
    }
  }
  metadata["resourceVersion"] = old["resourceVersion"];
}

void CopyMember(const json& from, const char* name, json& to) {
  const auto member = from.find(name);
  if (member == from.end()) {
    to.erase(name);
  } else if (!to.contains(name) || to[name] != *member) {
    to[name] = *member;
  }
}

/// The part of the candidate that this path may not write is as it was.
void KeepOtherPart(const Call& call, const json& old, json& object) {
  if (!call.kind->custom) return;
  if (call.subresource != "status") return CopyMember(old, "status", object);
  for (const auto& [name, schema] : call.kind->schema->properties) {
    if (name != "status") CopyMember(old, name.c_str(), object);
  }
}

bool SameBut(const json& a, const json& b, const char* without) {
  const auto counts = [&](const std::string& name) { return name != "metadata" && name != without; };
  const auto contained = [&](const json& x, const json& y) {
    for (auto it = x.begin(); it != x.end(); ++it) {
      const auto other = y.find(it.key());
      if (counts(it.key()) && (other == y.end() || *other != *it)) return false;
    }
    return true;
  };
  return contained(a, b) && contained(b, a);
}

void CountGeneration(const Kind& kind, const json& old, json& object) {
  if (!kind.generation) return;
  const bool same_labels = kind.custom || Child(old["metadata"], "labels") == Child(object["metadata"], "labels");
  if (same_labels && SameBut(old, object, "status")) return;
  object["metadata"]["generation"] = kube::IntField(old["metadata"], "generation") + 1;
}

void CheckFinalizers(const json& old, const json& object, FieldErrors& errors) {
  if (!IsDeleting(old)) return;
  const json& before = Child(old["metadata"], "finalizers");
  for (const json& finalizer : Child(object["metadata"], "finalizers")) {
    if (std::ranges::find(before, finalizer) != before.end()) continue;
    errors.push_back({"FieldValueForbidden", "metadata.finalizers", "no new finalizers can be added if the object is being deleted"});
    return;
  }
}

Writer WriterOf(const Call& call, const Stamp& stamp) { return {call.manager, call.subresource, stamp.time}; }

void Record(const Call& call, const Stamp& stamp, const json& before, const Applied* applied, json& after) {
  if (!call.kind->custom) return;
  if (applied == nullptr) return RecordUpdate(*call.kind, WriterOf(call, stamp), before, after);
  Writer writer = WriterOf(call, stamp);
  if (!applied->changes_values) writer.time.clear();
  RecordApply(*call.kind, writer, before, applied->configuration, after);
}

}  // namespace

bool IsDeleting(const json& object) { return Child(object, "metadata").contains("deletionTimestamp"); }

bool HasFinalizers(const json& object) { return !Child(Child(object, "metadata"), "finalizers").empty(); }

Outcome<json> AdmitCreate(const Call& call, const Stamp& stamp, json object, const Applied* applied) {
  if (auto refused = CheckIdentity(call, object)) return std::unexpected(*refused);
  if (!StringField(object["metadata"], "resourceVersion").empty()) {
    return std::unexpected(Unforeseen("resourceVersion should not be set on objects to be created"));
  }
  if (call.kind->custom) object.erase("status");
  for (const char* name : kServerFields) object["metadata"].erase(name);
  if (auto refused = CheckStrict(call, Conform(*call.kind, nullptr, object))) return std::unexpected(*refused);
  Complete(call, stamp, nullptr, object);
  json& metadata = object["metadata"];
  CleanMetadata(metadata);
  metadata["uid"] = stamp.uid;
  metadata["creationTimestamp"] = stamp.time;
  if (call.kind->generation) metadata["generation"] = 1;
  FieldErrors errors;
  CheckName(object, errors);
  if (auto refused = Judge(call, object, nullptr, std::move(errors))) return std::unexpected(*refused);
  json without_status = object;
  if (call.kind->custom) without_status.erase("status");  // the default is nobody's
  Record(call, stamp, json::object(), applied, without_status);
  CopyMember(without_status["metadata"], "managedFields", object["metadata"]);
  return object;
}

Outcome<json> AdmitUpdate(const Call& call, const Stamp& stamp, const json& old, json object, const Applied* applied) {
  if (auto refused = CheckIdentity(call, object)) return std::unexpected(*refused);
  const std::string uid = StringField(object["metadata"], "uid");
  const bool other_uid = !uid.empty() && uid != StringField(old["metadata"], "uid");
  if (other_uid && call.media_type == "application/json") {
    return std::unexpected(Conflict(call, "Precondition failed: UID in precondition: " + uid));
  }
  if (auto refused = CheckVersion(call, old, object)) return std::unexpected(*refused);
  FieldErrors errors;
  if (other_uid && call.subresource.empty()) errors.push_back({"FieldValueInvalid", "metadata.uid", "field is immutable"});
  CleanMetadata(object["metadata"]);
  RestoreServerFields(old["metadata"], object["metadata"]);
  KeepOtherPart(call, old, object);
  if (auto refused = CheckStrict(call, Conform(*call.kind, &old, object))) return std::unexpected(*refused);
  Complete(call, stamp, &old, object);
  CheckEvent(call, old, object, errors);
  CountGeneration(*call.kind, old, object);
  CheckFinalizers(old, object, errors);
  if (auto refused = Judge(call, object, &old, std::move(errors))) return std::unexpected(*refused);
  Record(call, stamp, old, applied, object);
  return object;
}

}  // namespace softmig::sim
