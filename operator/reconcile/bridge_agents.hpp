#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/transport.hpp"
#include "reconcile/cache.hpp"

namespace softmig::reconcile {

/// Asks the agents of all bridges each second what they say of themselves, so that no reconcile waits for one. An agent that does not
/// answer has nothing to say: what was known of it is forgotten. Thread-safe.
class BridgeAgents {
 public:
  /// What an agent of the migration's bridge says has changed. Called from the transport's thread.
  using Wake = std::function<void(const kube::ObjectKey& migration)>;

  /// All references must outlive it; `transport` must be destroyed (ending all callbacks) after Stop and before it.
  BridgeAgents(http::HttpTransport& transport, const Cache& cache, Wake wake);
  ~BridgeAgents();

  /// Begins to ask, on a thread of its own.
  void Start();
  /// One round of questions. A question that is still under way is not repeated.
  void AskAll();
  /// Nothing is asked afterwards.
  void Stop();

  /// `bridge`: name of its Service, in the migration's namespace.
  void Want(const kube::ObjectKey& migration, const std::string& bridge);
  void Forget(const kube::ObjectKey& migration);
  /// For each ready pod of the bridge the hash of the routes that its Envoy was handed; empty where it did not say.
  [[nodiscard]] std::vector<std::string> RoutesOf(const kube::ObjectKey& migration) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace softmig::reconcile
