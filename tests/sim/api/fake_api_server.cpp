#include "sim/api/fake_api_server.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "base/assert.hpp"
#include "base/time_format.hpp"
#include "kube/core/json_text.hpp"
#include "sim/api/admission.hpp"
#include "sim/api/field_set.hpp"
#include "sim/api/patch.hpp"
#include "sim/api/store.hpp"
#include "sim/api/watch.hpp"

namespace softmig::sim {
namespace {

using kube::Child;
using kube::StringField;
using nlohmann::json;

constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";
constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";
constexpr std::string_view kNotServed = "404 page not found\n";

std::optional<std::uint64_t> ReadNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Outcome<json> ReadBody(const Call& call) {
  auto object = kube::ParseJson(call.body);
  if (!object) return std::unexpected(BadRequest("the body is no JSON: " + object.error().message));
  return std::move(*object);
}

/// Where a list goes on: the version of its first page and the key after which to go on.
struct Continuation {
  std::uint64_t number = 0;
  kube::ObjectKey after;
};

std::string Encode(const Continuation& from) { return std::to_string(from.number) + "/" + from.after.ns + "/" + from.after.name; }

std::optional<Continuation> DecodeContinuation(std::string_view text) {
  const auto first = text.find('/');
  const auto second = text.find('/', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto number = ReadNumber(text.substr(0, first));
  if (!number) return std::nullopt;
  return Continuation{*number, {std::string(text.substr(first + 1, second - first - 1)), std::string(text.substr(second + 1))}};
}

}  // namespace

class FakeApiServer::Impl {
 public:
  explicit Impl(const base::Clock& clock) : clock_(clock) {
    for (const Kind& kind : Kinds()) {
      tables_.push_back(std::make_shared<Table>(kind));
      tables_.back()->Forget(*number_);
    }
  }

  http::Response Handle(const http::Request& request) {
    const auto call = ReadCall(request);
    if (!call) return {404, {{"Content-Type", "text/plain"}}, std::string(kNotServed)};
    auto answer = Dispatch(request.method, *call);
    return answer ? std::move(*answer) : ToResponse(answer.error());
  }

  std::variant<http::Response, std::unique_ptr<FakeWatch>> OpenWatch(const http::Request& request) {
    const auto call = ReadCall(request);
    if (!call) return http::Response{404, {{"Content-Type", "text/plain"}}, std::string(kNotServed)};
    SM_ASSERT(call->Asks("watch"));
    auto watch = Watch(*call);
    if (!watch) return ToResponse(watch.error());
    return std::move(*watch);
  }

  void SetListener(Listener listener) { listener_ = std::move(listener); }

  void Compact() {
    for (const auto& table : tables_) table->Forget(*number_);
  }

  [[nodiscard]] std::shared_ptr<const json> Find(std::string_view resource, std::string_view ns, std::string_view name) const {
    for (const auto& table : tables_) {
      if (table->kind().type.plural != resource) continue;
      const VersionPtr version = table->Find({std::string(ns), std::string(name)});
      return version ? version->object() : nullptr;
    }
    return nullptr;
  }

 private:
  Outcome<http::Response> Dispatch(http::Method method, const Call& call) {
    const bool collection = call.name.empty();
    switch (method) {
      case http::Method::kGet: return collection ? List(call) : Get(call);
      case http::Method::kPost: return collection && !call.ns.empty() ? Create(call) : std::unexpected(MethodNotAllowed());
      case http::Method::kPut: return collection ? std::unexpected(NoName(call)) : Replace(call);
      case http::Method::kPatch: return collection ? std::unexpected(NoName(call)) : Patch(call);
      case http::Method::kDelete: return collection || !call.subresource.empty() ? std::unexpected(MethodNotAllowed()) : Delete(call);
      case http::Method::kHead:
      case http::Method::kOptions: break;
    }
    return std::unexpected(MethodNotAllowed());
  }

  [[nodiscard]] const std::shared_ptr<Table>& TableOf(const Call& call) const {
    return tables_[static_cast<std::size_t>(call.kind - Kinds().data())];
  }
  static kube::ObjectKey KeyOf(const Call& call) { return {call.ns, call.name}; }

  /// One handler serves all verbs of custom resources, and misses the name first.
  static Refusal NoName(const Call& call) { return call.kind->custom ? BadRequest("name must be provided") : MethodNotAllowed(); }

  // -- reading ---------------------------------------------------------------------------------------------------

  Outcome<http::Response> Get(const Call& call) {
    const VersionPtr version = TableOf(call)->Find(KeyOf(call));
    if (!version) return std::unexpected(NotFound(call));
    return Answer(200, version->Text());
  }

  Outcome<http::Response> List(const Call& call) {
    const auto name = SelectedName(call);
    if (!name) return std::unexpected(BadRequest("this selector is not supported"));
    const Table& table = *TableOf(call);
    Continuation from{*number_, {}};
    const bool goes_on = !call.Query("continue").empty();
    if (goes_on) {
      const auto token = DecodeContinuation(call.Query("continue"));
      if (!token) return std::unexpected(BadRequest("continue key is not valid"));
      if (token->number < table.oldest()) return std::unexpected(Expired("The provided continue parameter is too old"));
      from = *token;
    }
    const std::size_t limit = ReadNumber(call.Query("limit")).value_or(0);
    const Table::Objects past = goes_on ? table.AsOf(from.number) : Table::Objects();
    return Page(call, goes_on ? past : table.objects(), from, limit, WatchScope{call.ns, *name});
  }

  static std::string WithoutKind(const Version& version) {
    json object = *version.object();
    object.erase("kind");
    object.erase("apiVersion");
    return kube::DumpJson(object);
  }

  static http::Response Page(const Call& call, const Table::Objects& objects, const Continuation& from, std::size_t limit,
                             const WatchScope& scope) {
    std::string items;
    std::size_t count = 0;
    std::size_t left = 0;
    kube::ObjectKey last;
    for (auto it = objects.upper_bound(from.after); it != objects.end(); ++it) {
      if (!scope.Holds(it->first)) continue;
      if (limit > 0 && count == limit) {
        ++left;
        continue;
      }
      if (count > 0) items += ',';
      items += call.kind->custom ? it->second->Text() : WithoutKind(*it->second);
      last = it->first;
      ++count;
    }
    json metadata = {{"resourceVersion", std::to_string(from.number)}};
    if (left > 0) metadata["continue"] = Encode({from.number, last});
    if (left > 0 && scope.name.empty()) metadata["remainingItemCount"] = left;
    const kube::ResourceType& type = call.kind->type;
    std::string body = R"({"apiVersion":")" + type.ApiVersion() + R"(","items":[)" + items + R"(],"kind":")" + type.kind +
                       R"(List","metadata":)" + kube::DumpJson(metadata) + "}";
    return Answer(200, std::move(body));
  }

  Outcome<std::unique_ptr<FakeWatch>> Watch(const Call& call) {
    const auto name = SelectedName(call);
    if (!name) return std::unexpected(BadRequest("this selector is not supported"));
    const WatchScope scope{call.ns, call.name.empty() ? *name : call.name};
    const auto& table = TableOf(call);
    const std::string_view version = call.Query("resourceVersion");
    const auto number = version.empty() ? std::optional<std::uint64_t>(0) : ReadNumber(version);
    if (!number) return std::unexpected(BadRequest("resourceVersion is no number"));
    if (auto refused = CheckInitialEvents(call)) return std::unexpected(*refused);
    const bool initial = call.Asks("sendInitialEvents");
    const bool resume = *number > 0 && !initial;
    const bool expired = resume && *number < table->oldest();
    auto watch = std::make_unique<TableWatch>(table, number_, scope, resume && !expired ? table->After(*number) : table->end());
    if (expired) {
      watch->BeginWithError(
          ToStatus(Expired("too old resource version: " + std::string(version) + " (" + std::to_string(table->oldest()) + ")")));
    } else if (!resume) {
      watch->BeginWithEverything(initial && call.Asks("allowWatchBookmarks"));
    }
    return watch;
  }

  static std::optional<Refusal> CheckInitialEvents(const Call& call) {
    const bool asked = !call.Query("sendInitialEvents").empty();
    const std::string_view match = call.Query("resourceVersionMatch");
    if (asked && match == "NotOlderThan") return std::nullopt;
    if (!asked && match.empty()) return std::nullopt;
    Refusal refusal = Invalid(call, "", {{"FieldValueForbidden", "resourceVersionMatch", "goes with sendInitialEvents, as NotOlderThan"}});
    refusal.group = "meta.k8s.io";
    refusal.kind = "ListOptions";
    return refusal;
  }

  // -- writing ---------------------------------------------------------------------------------------------------

  Outcome<http::Response> Create(const Call& call) {
    auto body = ReadBody(call);
    if (!body) return std::unexpected(body.error());
    return Insert(call, std::move(*body), nullptr);
  }

  Outcome<http::Response> Insert(const Call& call, json body, const Applied* applied) {
    auto object = AdmitCreate(call, NextStamp(), std::move(body), applied);
    if (!object) return std::unexpected(object.error());
    const kube::ObjectKey key{call.ns, StringField((*object)["metadata"], "name")};
    if (TableOf(call)->Find(key)) return std::unexpected(AlreadyExists(call, key.name));
    ++uids_;
    // The default of a status is shown but only stored by the next write, whatever that changes.
    const VersionPtr version = Commit(call, key, std::move(*object));
    const Schema* status = call.kind->schema->Property("status");
    if (status != nullptr && status->fallback) unstored_.insert(UidOf(*version));
    return Answer(201, version->Text());
  }

  /// What names a uid or a version is not meant to be new.
  Outcome<http::Response> InsertByPut(const Call& call, json body) {
    const json& metadata = Child(body, "metadata");
    const bool known = !StringField(metadata, "uid").empty() || !StringField(metadata, "resourceVersion").empty();
    if (known) return std::unexpected(Conflict(call, "Precondition failed: there is no such object"));
    return Insert(call, std::move(body), nullptr);
  }

  Outcome<http::Response> Replace(const Call& call) {
    auto body = ReadBody(call);
    if (!body) return std::unexpected(body.error());
    const VersionPtr live = TableOf(call)->Find(KeyOf(call));
    if (!live && call.kind->create_on_update) return InsertByPut(call, std::move(*body));
    if (!live) return std::unexpected(NotFound(call));
    return Update(call, live, std::move(*body), nullptr);
  }

  Outcome<http::Response> Patch(const Call& call) {
    if (call.media_type == kApplyPatch) return Apply(call);
    if (call.media_type != kJsonPatch && call.media_type != kMergePatch) return std::unexpected(UnsupportedMediaType(call.media_type));
    const auto patch = ReadBody(call);
    if (!patch) return std::unexpected(patch.error());
    const VersionPtr live = TableOf(call)->Find(KeyOf(call));
    if (!live) return std::unexpected(NotFound(call));
    if (call.media_type == kMergePatch) {
      if (!patch->is_object()) return std::unexpected(BadRequest("the patch is no object"));
      json object = *live->object();
      MergePatch(*patch, object);
      return Update(call, live, std::move(object), nullptr);
    }
    auto object = JsonPatch(*patch, *live->object());
    if (!object) return std::unexpected(object.error());
    return Update(call, live, std::move(*object), nullptr);
  }

  Outcome<http::Response> Apply(const Call& call) {
    if (!call.kind->custom) return std::unexpected(UnsupportedMediaType(call.media_type));
    const json applied = ReadYaml(std::string(call.body));
    if (!applied.is_object()) return std::unexpected(BadRequest("the body is no object"));
    if (call.manager_asked.empty()) return std::unexpected(NoManager(call));
    if (Child(applied, "metadata").contains("managedFields")) return std::unexpected(BadRequest("metadata.managedFields must be nil"));
    const VersionPtr live = TableOf(call)->Find(KeyOf(call));
    const Applied whole{applied, true};
    if (!live) return Insert(call, applied, &whole);
    const Writer writer{call.manager, call.subresource, ""};
    json object = *live->object();
    Overlay(*call.kind->schema, applied, object);
    for (const char* name : {"resourceVersion", "uid"}) {
      if (Child(applied, "metadata").contains(name)) object["metadata"][name] = applied["metadata"][name];
    }
    FieldErrors conflicts = FindApplyConflicts(*call.kind, writer, *live->object(), object);
    if (!conflicts.empty() && !call.Asks("force")) return std::unexpected(ApplyConflict(std::move(conflicts)));
    Erase(*call.kind->schema, Abandoned(*call.kind, writer, *live->object(), applied), object);
    const Applied how{applied, object != *live->object()};
    return Update(call, live, std::move(object), &how);
  }

  static Refusal NoManager(const Call& call) {
    Refusal refusal = Invalid(call, "", {{"FieldValueRequired", "fieldManager", "is required for apply patch"}});
    refusal.group = "meta.k8s.io";
    refusal.kind = "PatchOptions";
    return refusal;
  }

  static Refusal ApplyConflict(FieldErrors conflicts) {
    Refusal refusal;
    refusal.code = 409;
    refusal.reason = "Conflict";
    refusal.message = "Apply failed with " + std::to_string(conflicts.size()) + " conflict" + (conflicts.size() == 1 ? "" : "s");
    for (const FieldError& conflict : conflicts) refusal.message += ": " + conflict.message + ": " + conflict.field;
    refusal.causes = std::move(conflicts);
    return refusal;
  }

  Outcome<http::Response> Update(const Call& call, const VersionPtr& live, json candidate, const Applied* applied) {
    auto object = AdmitUpdate(call, NextStamp(), *live->object(), std::move(candidate), applied);
    if (!object) return std::unexpected(object.error());
    if (*object == *live->object() && !unstored_.contains(UidOf(*live))) return Answer(200, live->Text());
    if (IsDeleting(*object) && !HasFinalizers(*object)) {
      std::string body = kube::DumpJson(*object);
      Remove(call, live);
      return Answer(200, std::move(body));
    }
    return Answer(200, Commit(call, KeyOf(call), std::move(*object))->Text());
  }

  Outcome<http::Response> Delete(const Call& call) {
    const VersionPtr live = TableOf(call)->Find(KeyOf(call));
    if (!live) return std::unexpected(NotFound(call));
    if (auto refused = CheckPreconditions(call, *live->object())) return std::unexpected(*refused);
    if (!HasFinalizers(*live->object())) {
      Remove(call, live);
      return Answer(200, kube::DumpJson(Deleted(call, *live->object())));
    }
    if (IsDeleting(*live->object())) return Answer(200, live->Text());
    json object = *live->object();
    json& metadata = object["metadata"];
    metadata["deletionTimestamp"] = Now();
    metadata["deletionGracePeriodSeconds"] = 0;
    if (metadata.contains("generation")) metadata["generation"] = kube::IntField(metadata, "generation") + 1;
    return Answer(200, Commit(call, KeyOf(call), std::move(object))->Text());
  }

  static std::optional<Refusal> CheckPreconditions(const Call& call, const json& live) {
    if (call.body.empty()) return std::nullopt;
    const auto body = ReadBody(call);
    if (!body) return body.error();
    for (const char* name : {"uid", "resourceVersion"}) {
      const std::string wanted = StringField(Child(*body, "preconditions"), name);
      if (!wanted.empty() && wanted != StringField(live["metadata"], name)) {
        Refusal refusal = Conflict(call, std::string("Precondition failed: ") + name);
        refusal.kind = call.kind->type.kind;
        return refusal;
      }
    }
    return std::nullopt;
  }

  static json Deleted(const Call& call, const json& object) {
    if (call.kind->type.plural == "services") return object;
    json details = {{"name", call.name}, {"kind", call.kind->type.plural}, {"uid", object["metadata"]["uid"]}};
    if (!call.kind->type.group.empty()) details["group"] = call.kind->type.group;
    return {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::object()}, {"status", "Success"}, {"details", details}};
  }

  /// Nothing is stored of a dry run.
  VersionPtr Commit(const Call& call, const kube::ObjectKey& key, json object) {
    const bool dry = !call.Query("dryRun").empty();
    if (!dry) unstored_.erase(StringField(object["metadata"], "uid"));
    if (!dry) object["metadata"]["resourceVersion"] = std::to_string(++*number_);
    const auto version = std::make_shared<const Version>(std::make_shared<const json>(std::move(object)), *number_);
    if (dry) return version;
    const VersionPtr before = TableOf(call)->Find(key);
    TableOf(call)->Put(key, version);
    Tell(call, key, before, version);
    if (before) DropOld(call, *before);
    return version;
  }

  void Remove(const Call& call, const VersionPtr& live) {
    if (!call.Query("dryRun").empty()) return;
    unstored_.erase(UidOf(*live));
    json last = *live->object();
    last["metadata"]["resourceVersion"] = std::to_string(++*number_);
    TableOf(call)->Remove(KeyOf(call), std::make_shared<const Version>(std::make_shared<const json>(std::move(last)), *number_));
    Tell(call, KeyOf(call), live, nullptr);
  }

  /// Pages of built-in kinds are made from the objects, also from old ones.
  static void DropOld(const Call& call, const Version& old) {
    if (call.kind->custom) old.DropObject();
  }

  void Tell(const Call& call, const kube::ObjectKey& key, const VersionPtr& before, const VersionPtr& after) {
    if (!listener_) return;
    listener_({call.kind->type.plural, key.ns, key.name, call.manager_asked, before ? before->object() : nullptr,
               after ? after->object() : nullptr});
  }

  static std::string UidOf(const Version& version) { return StringField((*version.object())["metadata"], "uid"); }

  [[nodiscard]] std::string Now() const { return base::FormatRfc3339(std::chrono::floor<std::chrono::seconds>(clock_.WallNow())); }

  [[nodiscard]] Stamp NextStamp() const {
    std::array<char, 48> uid{};
    std::snprintf(uid.data(), uid.size(), "00000000-0000-4000-8000-%012llx", static_cast<unsigned long long>(uids_ + 1));
    return {Now(), uid.data(), "10.96." + std::to_string(uids_ / 250 % 250) + "." + std::to_string(uids_ % 250 + 1)};
  }

  const base::Clock& clock_;
  std::vector<std::shared_ptr<Table>> tables_;  // in the order of Kinds()
  std::shared_ptr<std::uint64_t> number_ = std::make_shared<std::uint64_t>(100);
  std::uint64_t uids_ = 0;
  std::set<std::string> unstored_;  // uids of objects whose status is only a default so far
  Listener listener_;
};

FakeApiServer::FakeApiServer(const base::Clock& clock) : impl_(std::make_unique<Impl>(clock)) {}
FakeApiServer::~FakeApiServer() = default;

http::Response FakeApiServer::Handle(const http::Request& request) { return impl_->Handle(request); }
std::variant<http::Response, std::unique_ptr<FakeWatch>> FakeApiServer::OpenWatch(const http::Request& request) {
  return impl_->OpenWatch(request);
}
void FakeApiServer::SetListener(Listener listener) { impl_->SetListener(std::move(listener)); }
void FakeApiServer::Compact() { impl_->Compact(); }
std::shared_ptr<const json> FakeApiServer::Find(std::string_view resource, std::string_view ns, std::string_view name) const {
  return impl_->Find(resource, ns, name);
}

}  // namespace softmig::sim
