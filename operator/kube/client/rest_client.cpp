#include "kube/client/rest_client.hpp"

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/assert.hpp"
#include "kube/client/status_error.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::kube {
namespace {

/// The transport keeps the deadline; this much later we stop believing that it does.
constexpr base::Millis kGrace{2'000};
constexpr std::size_t kMaxUrl = 8U << 10U;
constexpr int kMaxPages = 10'000;

/// One request on its way. Shared with the transport, so a call that gave up can leave it behind.
struct PendingCall {
  std::mutex mutex;
  std::condition_variable_any changed;
  bool abandoned = false;
  std::optional<base::Result<http::Response>> answer;
};

/// `may_send` may hold references of the caller: it is asked only while the caller still waits.
std::function<bool()> WhileWaiting(const std::shared_ptr<PendingCall>& call, std::function<bool()> may_send) {
  return [call, ask = std::move(may_send)] {
    const std::unique_lock lock(call->mutex);
    return !call->abandoned && (!ask || ask());
  };
}

base::Result<http::Response> SendUntilStopped(http::HttpTransport& transport, http::Request request, const CallOptions& options) {
  auto call = std::make_shared<PendingCall>();
  http::SendOptions send;
  send.deadline = options.deadline;
  send.may_send = WhileWaiting(call, options.may_send);
  transport.Send(std::move(request), std::move(send), [call](base::Result<http::Response> answer) {
    const std::unique_lock lock(call->mutex);
    call->answer = std::move(answer);
    call->changed.notify_all();
  });
  std::unique_lock lock(call->mutex);
  call->changed.wait_for(lock, options.stop, options.deadline + kGrace, [&] { return call->answer.has_value(); });
  if (call->answer) return std::move(*call->answer);
  call->abandoned = true;
  if (options.stop.stop_requested()) return base::Fail(base::ErrorCode::kCancelled, "stopped while waiting for an answer");
  return base::Fail(base::ErrorCode::kTimeout, "no answer within the deadline");
}

std::string WriteQuery(const CallOptions& options) {
  std::string query;
  const auto add = [&query](const std::string& part) { query += (query.empty() ? "?" : "&") + part; };
  if (!options.field_manager.empty()) add("fieldManager=" + http::UrlEncode(options.field_manager));
  if (options.dry_run) add("dryRun=All");
  if (options.force) add("force=true");
  return query;
}

const char* ContentType(PatchType type) {
  switch (type) {
    case PatchType::kJson: return "application/json-patch+json";
    case PatchType::kMerge: return "application/merge-patch+json";
    case PatchType::kApply: return "application/apply-patch+yaml";
  }
  return "";
}

std::string ObjectPath(const ResourceType& type, const ObjectKey& key, const CallOptions& options) {
  return ResourcePath(type, key.ns, key.name, options.subresource);
}

base::Status RequireName(const ObjectKey& key) {
  if (key.name.empty()) return base::Fail(base::ErrorCode::kInvalid, "the object has no name");
  return {};
}

/// Moves the items of `page` behind those of `all`.
void AppendItems(nlohmann::json& all, nlohmann::json& page) {
  nlohmann::json& into = all["items"];
  if (!into.is_array()) into = nlohmann::json::array();
  if (!page.contains("items") || !page["items"].is_array()) return;
  for (nlohmann::json& item : page["items"]) into.push_back(std::move(item));
}

}  // namespace

std::string ResourcePath(const ResourceType& type, const std::string& ns, const std::string& name, const std::string& subresource) {
  std::string path = type.group.empty() ? "/api/" + type.version : "/apis/" + type.group + "/" + type.version;
  if (!ns.empty()) path += "/namespaces/" + http::UrlEncode(ns);
  path += "/" + type.plural;
  if (!name.empty()) path += "/" + http::UrlEncode(name);
  if (!subresource.empty()) path += "/" + subresource;
  return path;
}

RestClient::RestClient(ClusterConfig config, http::HttpTransport& transport, RequestObserver observer)
    : config_(std::move(config)), transport_(transport), observer_(std::move(observer)) {
  SM_ASSERT(config_.token != nullptr);
}

base::Result<http::Request> RestClient::Authorise(http::Method method, const std::string& path) const {
  auto token = config_.token->Token();
  if (!token) return base::Fail(token.error().Wrap("getting a credential for the API server"));
  http::Request request;
  request.method = method;
  request.url = config_.server + path;
  if (request.url.size() > kMaxUrl) return base::Fail(base::ErrorCode::kInvalid, "the request's URL is too long");
  request.headers = {{"Accept", "application/json"}, {"User-Agent", "softmigration/" SOFTMIG_VERSION}};
  if (!token->empty()) request.headers.emplace_back("Authorization", "Bearer " + *token);
  request.tls = config_.tls;
  return request;
}

namespace {

/// The object of a 2xx answer, or what a refusal says.
base::Result<nlohmann::json> ReadAnswer(const http::Response& answer, std::string_view content_type) {
  if (answer.status >= 200 && answer.status <= 299) return ParseJson(answer.body);
  base::Error error = ErrorFromResponse(answer);
  if (content_type == ContentType(PatchType::kJson) && IsFailedPatchTest(answer)) error.code = base::ErrorCode::kConflict;
  return base::Fail(error);
}

void Observe(const RequestObserver& observer, http::Method method, const base::Result<http::Response>& answer, double seconds) {
  if (!observer) return;
  const std::string code = answer ? std::to_string(answer->status) : std::string(base::Name(answer.error().code));
  observer(http::Name(method), code, seconds);
}

}  // namespace

base::Result<nlohmann::json> RestClient::Call(http::Method method, const std::string& path, std::string body, const char* content_type,
                                              const CallOptions& options) {
  const base::SystemClock stopwatch;
  const std::string what = std::string(http::Name(method)) + " " + path;
  for (bool again = true;; again = false) {
    auto request = Authorise(method, path);
    if (!request) return base::Fail(request.error().Wrap(what));
    if (*content_type != '\0') request->headers.emplace_back("Content-Type", content_type);
    request->body = body;
    const base::SteadyTime start = stopwatch.SteadyNow();
    auto answer = SendUntilStopped(transport_, std::move(*request), options);
    const std::chrono::duration<double> took = stopwatch.SteadyNow() - start;
    Observe(observer_, method, answer, took.count());
    if (!answer) return base::Fail(answer.error().Wrap(what));
    if (answer->status == 401) config_.token->Drop();
    if (answer->status == 401 && again) continue;
    auto object = ReadAnswer(*answer, content_type);
    if (!object) return base::Fail(object.error().Wrap(what));
    return object;
  }
}

base::Result<nlohmann::json> RestClient::Get(const ResourceType& type, const ObjectKey& key, const CallOptions& options) {
  if (auto named = RequireName(key); !named) return base::Fail(named.error());
  return Call(http::Method::kGet, ObjectPath(type, key, options), "", "", options);
}

void RestClient::CallLater(http::Method method, const std::string& path, std::string body, const CallOptions& options,
                           std::function<void(base::Result<nlohmann::json>)> done) {
  const std::string what = std::string(http::Name(method)) + " " + path;
  auto request = Authorise(method, path);
  if (!request) return done(base::Fail(request.error().Wrap(what)));
  if (!body.empty()) request->headers.emplace_back("Content-Type", "application/json");
  request->body = std::move(body);
  http::SendOptions send;
  send.deadline = options.deadline;
  send.may_send = options.may_send;
  const base::SystemClock stopwatch;
  transport_.Send(std::move(*request), std::move(send),
                  [what, method, token = config_.token, observer = observer_, start = stopwatch.SteadyNow(),
                   done = std::move(done)](const base::Result<http::Response>& answer) {
                    const std::chrono::duration<double> took = base::SystemClock().SteadyNow() - start;
                    Observe(observer, method, answer, took.count());
                    if (!answer) return done(base::Fail(answer.error().Wrap(what)));
                    if (answer->status == 401) token->Drop();
                    auto object = ReadAnswer(*answer, "");
                    if (!object) return done(base::Fail(object.error().Wrap(what)));
                    done(std::move(object));
                  });
}

void RestClient::GetLater(const ResourceType& type, const ObjectKey& key, base::Millis deadline,
                          std::function<void(base::Result<nlohmann::json>)> done) {
  if (auto named = RequireName(key); !named) return done(base::Fail(named.error()));
  CallOptions options;
  options.deadline = deadline;
  CallLater(http::Method::kGet, ResourcePath(type, key.ns, key.name, ""), "", options, std::move(done));
}

void RestClient::ListLater(const ResourceType& type, const std::string& ns, const std::string& query, base::Millis deadline,
                           std::function<void(base::Result<nlohmann::json>)> done) {
  CallOptions options;
  options.deadline = deadline;
  CallLater(http::Method::kGet, ResourcePath(type, ns, "", "") + "?" + query, "", options, std::move(done));
}

void RestClient::CreateLater(const ResourceType& type, const nlohmann::json& object, const CallOptions& options,
                             std::function<void(base::Result<nlohmann::json>)> done) {
  CallLater(http::Method::kPost, ResourcePath(type, ParseMeta(object).key.ns, "", ""), DumpJson(object), options, std::move(done));
}

base::Result<nlohmann::json> RestClient::List(const ResourceType& type, const std::string& ns, const std::string& query,
                                              const CallOptions& options) {
  const std::string path = ResourcePath(type, ns, "", options.subresource);
  nlohmann::json all;
  std::string next;
  for (int page = 0; page < kMaxPages; ++page) {
    std::string full = query;
    if (!next.empty()) full += (full.empty() ? "continue=" : "&continue=") + http::UrlEncode(next);
    auto part = Call(http::Method::kGet, full.empty() ? path : path + "?" + full, "", "", options);
    if (!part) return part;
    if (!part->is_object()) return base::Fail(base::ErrorCode::kInvalid, "GET " + path + ": the answer is not a list");
    next = StringField(Child(*part, "metadata"), "continue");
    if (page == 0) {
      all = std::move(*part);
    } else {
      AppendItems(all, *part);
    }
    if (next.empty()) return all;
  }
  return base::Fail(base::ErrorCode::kInvalid, "GET " + path + ": the list never ends");
}

base::Result<nlohmann::json> RestClient::Create(const ResourceType& type, const nlohmann::json& object, const CallOptions& options) {
  const ObjectKey key = ParseMeta(object).key;
  const std::string name = options.subresource.empty() ? "" : key.name;
  const std::string path = ResourcePath(type, key.ns, name, options.subresource) + WriteQuery(options);
  return Call(http::Method::kPost, path, DumpJson(object), "application/json", options);
}

base::Result<nlohmann::json> RestClient::Update(const ResourceType& type, const nlohmann::json& object, const CallOptions& options) {
  const ObjectKey key = ParseMeta(object).key;
  if (auto named = RequireName(key); !named) return base::Fail(named.error());
  return Call(http::Method::kPut, ObjectPath(type, key, options) + WriteQuery(options), DumpJson(object), "application/json", options);
}

base::Result<nlohmann::json> RestClient::Patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type,
                                               const nlohmann::json& patch, const CallOptions& options) {
  if (auto named = RequireName(key); !named) return base::Fail(named.error());
  const std::string path = ObjectPath(type, key, options) + WriteQuery(options);
  return Call(http::Method::kPatch, path, DumpJson(patch), ContentType(patch_type), options);
}

base::Status RestClient::Delete(const ResourceType& type, const ObjectKey& key, const CallOptions& options) {
  if (auto named = RequireName(key); !named) return named;
  const std::string body =
      options.uid.empty() ? "" : DumpJson({{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"preconditions", {{"uid", options.uid}}}});
  const char* type_of_body = body.empty() ? "" : "application/json";
  auto answer = Call(http::Method::kDelete, ObjectPath(type, key, options) + WriteQuery(options), body, type_of_body, options);
  if (!answer) return base::Fail(answer.error());
  return {};
}

base::Result<nlohmann::json> RestClient::GetPath(const std::string& path, const CallOptions& options) {
  return Call(http::Method::kGet, path, "", "", options);
}

}  // namespace softmig::kube
