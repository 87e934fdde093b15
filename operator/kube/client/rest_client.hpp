#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/transport.hpp"
#include "kube/core/object.hpp"

namespace softmig::kube {

/// Gives the bearer token for the next request. Thread-safe; may read a file or run a program, then caches.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// An empty text: no token (client certificate only).
  [[nodiscard]] virtual base::Result<std::string> Token() = 0;
  /// The server answered 401: forget what is cached.
  virtual void Drop() = 0;
};

/// Where the API server is and how to speak to it.
struct ClusterConfig {
  std::string server;  ///< "https://10.0.0.1:6443", no trailing slash
  std::string default_namespace = "default";
  std::shared_ptr<const http::TlsSettings> tls;
  std::shared_ptr<TokenSource> token;  ///< never null
};

enum class PatchType { kJson, kMerge, kApply };

/// Called after every request: verb, HTTP code ("<error>" name where none), seconds. For rest_client_* metrics.
using RequestObserver = std::function<void(std::string_view verb, std::string_view code, double seconds)>;

struct CallOptions {
  base::Millis deadline{10'000};
  std::function<bool()> may_send;  ///< see http::SendOptions
  std::string field_manager;       ///< for writes; empty: none sent
  std::string subresource;         ///< "status" or empty
  bool dry_run = false;
  bool force = false;  ///< server-side apply only
  /// Once requested, the call returns kCancelled at once (and asks may_send no more); what was sent may still be carried out.
  std::stop_token stop{};
  std::string uid{};  ///< Delete only: kConflict where another object has the name by now; empty: whichever has it
};

/// Typed-by-value access to the API server: blocking calls with deadlines. Thread-safe.
/// HTTP errors become base::Error: 404 kNotFound, 409 kConflict, 410 kGone, 422 kInvalid, 429 kThrottled, 401, 403, 5xx
/// kUnavailable, with the Status object's message. A 401 drops the cached token and is tried once more (the request was
/// refused, so nothing was done); nothing else is repeated. A 422 to a JSON patch that names no broken field is a failed
/// `test`: kConflict.
class RestClient {
 public:
  /// `transport` must outlive the client.
  RestClient(ClusterConfig config, http::HttpTransport& transport, RequestObserver observer = {});

  base::Result<nlohmann::json> Get(const ResourceType& type, const ObjectKey& key, const CallOptions& options = {});
  /// Get without waiting for it. `done` is called once, on the transport's thread, or at once where nothing can be sent; the client may be
  /// gone by then. A 401 is not tried again.
  void GetLater(const ResourceType& type, const ObjectKey& key, base::Millis deadline,
                std::function<void(base::Result<nlohmann::json>)> done);
  /// List and Create without waiting, as GetLater. Of a list the first page only, which without a limit is all of it.
  void ListLater(const ResourceType& type, const std::string& ns, const std::string& query, base::Millis deadline,
                 std::function<void(base::Result<nlohmann::json>)> done);
  void CreateLater(const ResourceType& type, const nlohmann::json& object, const CallOptions& options,
                   std::function<void(base::Result<nlohmann::json>)> done);
  /// One page holds at most `limit` items (0: all); follows `continue` to the end. ns empty: all namespaces.
  base::Result<nlohmann::json> List(const ResourceType& type, const std::string& ns, const std::string& query,
                                    const CallOptions& options = {});
  base::Result<nlohmann::json> Create(const ResourceType& type, const nlohmann::json& object, const CallOptions& options = {});
  /// PUT; the object carries its metadata.resourceVersion.
  base::Result<nlohmann::json> Update(const ResourceType& type, const nlohmann::json& object, const CallOptions& options = {});
  base::Result<nlohmann::json> Patch(const ResourceType& type, const ObjectKey& key, PatchType patch_type, const nlohmann::json& patch,
                                     const CallOptions& options = {});
  base::Status Delete(const ResourceType& type, const ObjectKey& key, const CallOptions& options = {});
  /// GET of any path, e.g. "/version".
  base::Result<nlohmann::json> GetPath(const std::string& path, const CallOptions& options = {});

  /// An authorised request for `path` (with query), for streams.
  base::Result<http::Request> Authorise(http::Method method, const std::string& path) const;

  [[nodiscard]] const ClusterConfig& config() const { return config_; }
  [[nodiscard]] http::HttpTransport& transport() const { return transport_; }

 private:
  void CallLater(http::Method method, const std::string& path, std::string body, const CallOptions& options,
                 std::function<void(base::Result<nlohmann::json>)> done);
  base::Result<nlohmann::json> Call(http::Method method, const std::string& path, std::string body, const char* content_type,
                                    const CallOptions& options);

  ClusterConfig config_;
  http::HttpTransport& transport_;
  RequestObserver observer_;
};

/// Path of a type (list) or an object, with subresource: "/apis/g/v/namespaces/ns/plural/name/status".
std::string ResourcePath(const ResourceType& type, const std::string& ns, const std::string& name, const std::string& subresource);

}  // namespace softmig::kube
