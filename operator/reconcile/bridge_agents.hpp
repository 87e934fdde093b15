#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/transport.hpp"
#include "providers/bridge/bridge_counts.hpp"
#include "reconcile/cache.hpp"

namespace softmig::reconcile {

/// What the agents of a bridge answered to one round of questions.
struct BridgeRound {
  struct Agent {
    std::string address;  ///< of its pod
    providers::BridgeCounts counts;
  };
  base::WallTime asked_at{};  ///< before the first of them was asked
  std::string problem{};      ///< why the agents of all ready pods did not say it all; then `agents` is empty
  std::vector<Agent> agents{};
};

/// Asks the agents of all bridges each second what they say of themselves, so that no reconcile waits for one. An agent that does not
/// answer has nothing to say: what was known of it is forgotten. Thread-safe.
class BridgeAgents {
 public:
  /// What an agent of the migration's bridge says has changed. Called from the transport's thread.
  using Wake = std::function<void(const kube::ObjectKey& migration)>;
  /// A round is over. Called from the transport's thread, or from the one that begins the next round; two rounds may come in
  /// another order than they were asked in.
  using Told = std::function<void(const kube::ObjectKey& migration, const BridgeRound& round)>;

  struct Parts {
    http::HttpTransport& transport;
    const Cache& cache;
    const base::Clock& clock;
    Wake wake;
    Told told;
  };
  /// All references must outlive it; the transport must be destroyed (ending all callbacks) after Stop and before it.
  explicit BridgeAgents(Parts parts);
  ~BridgeAgents();

  /// Begins to ask, on a thread of its own.
  void Start();
  /// One round of questions. A question that is still under way is not repeated, and that round has no answer of it.
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
