#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sim/core/cluster.hpp"
#include "sim/core/counter_history.hpp"
#include "sim/core/fault_plan.hpp"
#include "sim/core/routes.hpp"
#include "sim/core/scenario.hpp"

namespace softmig::simulator {

/// The gateways, and the users who come through them. Each gateway takes a changed route over after a while, then reports; users are
/// counted by what it has taken over, whatever the route object says by then. Not thread-safe.
class DataPlane {
 public:
  DataPlane(Loop& loop, Random& random, Cluster& cluster, const Scenario& scenario, Transcript& transcript);

  void SetGateway(const std::string& route, GatewayMode mode);
  /// The target's component fails from now on: `errors` of its requests, answered in `latency` seconds.
  void SetHealth(int migration, int component, double errors, double latency);
  void SetReady(const std::string& service, int endpoints);

  /// Requests that reached the target, and how many of them failed, since the beginning.
  struct Counters {
    double total = 0, bad = 0;
  };
  Counters Read(int migration, int component);
  /// Requests that had reached the target by `at`, which is not after now. Whole numbers.
  double RequestsAt(int migration, int component, Time at);
  /// `flow_changes` is called whenever requests begin to go elsewhere or to end otherwise, with the counters as of that moment.
  void Listen(std::function<void()> flow_changes) { flow_changes_ = std::move(flow_changes); }
  [[nodiscard]] double latency(int migration, int component) const;
  /// Requests of users that went to a side without endpoints while the other had some.
  [[nodiscard]] double lost_users() const { return lost_users_; }
  [[nodiscard]] bool Healthy(int migration, int component) const;
  [[nodiscard]] int ready(const std::string& service) const;
  [[nodiscard]] GatewayMode mode(const std::string& route) const { return gateways_.at(route).mode; }
  /// The target's share of the component's users by what the gateway of `route` runs, whatever the object says.
  [[nodiscard]] double Runs(const std::string& route, int migration, int component) const;
  [[nodiscard]] bool touched(const std::string& route) const { return gateways_.at(route).touched; }

 private:
  struct Gateway {
    GatewayMode mode = GatewayMode::kObeys;
    Cluster::ObjectPtr programmed;
    long long seen = 0;    ///< counts changes: a later one overtakes an earlier one
    bool touched = false;  ///< it once was told to behave badly
    std::map<std::pair<int, int>, Share> shares;
  };
  struct Traffic {
    double total = 0, bad = 0;
    double errors = 0, latency = 0.1;
  };

  void OnChange(const ClusterChange& change);
  void TakeOver(const std::string& route, long long seen);
  void Report(const std::string& route, long long seen);
  void Count();
  void NoteFlow();
  void CountRoute(const Gateway& gateway, double elapsed);

  Loop& loop_;
  Random& random_;
  Cluster& cluster_;
  const Scenario& scenario_;
  Transcript& transcript_;
  std::map<std::string, Gateway> gateways_;
  std::map<std::pair<int, int>, Traffic> traffic_;
  std::map<std::pair<int, int>, CounterHistory> history_;  ///< of traffic_, at each change of the flow: between two it is even
  std::map<std::string, int> ready_;
  std::function<void()> flow_changes_ = [] {};
  Time counted_{};
  double lost_users_ = 0;
};

}  // namespace softmig::simulator
