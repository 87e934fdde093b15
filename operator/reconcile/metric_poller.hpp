#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "decide/observation.hpp"
#include "http/transport.hpp"
#include "kube/core/object.hpp"
#include "model/spec.hpp"
#include "model/status.hpp"
#include "reconcile/bridge_agents.hpp"
#include "reconcile/metric_sources.hpp"

namespace softmig::reconcile {

/// Asks the metric sources on time and keeps the latest judgements, so that no reconcile ever waits for one.
///
/// A metric is asked at once when it becomes wanted and then every interval, at a place within the interval that is spread by a hash,
/// so that thousands of migrations do not ask together. The places lie a tenth of a second apart, so that polls share wake-ups. A poll
/// still under way is not repeated. A metric of a bridge is never asked: it takes what the bridge's agents say. Thread-safe. Has a thread
/// of its own after Start; a simulator calls AskDue instead.
class MetricPoller {
 public:
  /// By (component, metric).
  using Results = std::map<std::pair<std::string, std::string>, decide::MetricObservation>;
  /// A judgement arrived; `breach` tells its verdict. Called from the transport's thread.
  using Wake = std::function<void(const kube::ObjectKey&, bool breach)>;

  /// All references must outlive the poller; `transport` must be destroyed (ending all callbacks) after Stop and before the poller.
  MetricPoller(http::HttpTransport& transport, MetricSources& sources, const base::Clock& clock, Wake wake);
  ~MetricPoller();

  void Start();
  /// Sends what is due now; when the next one is. Nothing: nothing is wanted.
  std::optional<base::SteadyTime> AskDue();

  /// What to ask for a migration from now on. `epoch` names what the evidence is about: another one starts with empty counts, or from the
  /// checkpoint in `status` where that is about the same. `status` also says which step the counts that come in belong to.
  struct Wanted {
    std::shared_ptr<const model::Spec> spec;
    std::vector<std::string> components;
    std::string epoch;
    std::string uid{};  ///< the migration's
  };
  void Want(const kube::ObjectKey& key, Wanted wanted, const model::Status& status);
  void Forget(const kube::ObjectKey& key);
  [[nodiscard]] Results Get(const kube::ObjectKey& key) const;

  /// What a migration's bridge counts, for the metrics that judge it: nobody is asked for those. May be called from any thread.
  void Take(const kube::ObjectKey& key, const BridgeRound& round);

  /// Queries sent so far, for the metric.
  [[nodiscard]] std::uint64_t queries() const;
  /// How many answers said what so far.
  [[nodiscard]] std::map<model::Verdict, std::uint64_t> answers() const;
  /// No query is sent afterwards.
  void Stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace softmig::reconcile
