#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "http/message.hpp"

namespace softmig::sim {

/// One accepted write, as the store saw it.
struct Change {
  std::string resource;  ///< plural: "softmigrations", "httproutes", "services", "endpointslices", "leases", "events"
  std::string ns, name;
  std::string manager;                           ///< fieldManager of the request; empty: none given
  std::shared_ptr<const nlohmann::json> before;  ///< null: created
  std::shared_ptr<const nlohmann::json> after;   ///< null: deleted
};

/// An open watch. Gives what happened, in order and once; never loses an event by itself: delays, ends and losses are the caller's.
class FakeWatch {
 public:
  virtual ~FakeWatch() = default;
  /// The next line of the stream (a watch event as JSON, with its newline); nothing while nothing waits.
  [[nodiscard]] virtual std::optional<std::string> Next() = 0;
  /// Something waits.
  [[nodiscard]] virtual bool ready() const = 0;
  /// A BOOKMARK line at the store's present resourceVersion. REQUIRES: !ready() and the request allowed bookmarks.
  [[nodiscard]] virtual std::string Bookmark() const = 0;
  /// An ERROR line (for example 410) was given: nothing comes any more.
  [[nodiscard]] virtual bool ended() const = 0;
};

/// A Kubernetes API server in memory: the kinds, verbs and rules that the operator and the simulator use, and no others (an unknown
/// path or verb is answered 404 or 405). What it does is held to a real kube-apiserver by tests/conformance/api_*. Pure but for the
/// clock (metadata timestamps); the same requests give the same answers. Not thread-safe.
class FakeApiServer {
 public:
  using Listener = std::function<void(const Change&)>;

  explicit FakeApiServer(const base::Clock& clock);
  ~FakeApiServer();
  FakeApiServer(const FakeApiServer&) = delete;
  FakeApiServer& operator=(const FakeApiServer&) = delete;

  /// Answers any request that is no watch. `request.url` may carry a scheme and a host; both are ignored.
  http::Response Handle(const http::Request& request);
  /// REQUIRES: the query holds watch=1 or watch=true. A response: refused.
  std::variant<http::Response, std::unique_ptr<FakeWatch>> OpenWatch(const http::Request& request);

  /// Called after every accepted write that changed something, from inside Handle.
  void SetListener(Listener listener);
  /// Forgets events up to now: a watch that continues from before gets 410, as after a compaction of etcd.
  void Compact();
  /// The present object; null where there is none. No request, no side effect.
  [[nodiscard]] std::shared_ptr<const nlohmann::json> Find(std::string_view resource, std::string_view ns, std::string_view name) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::sim
