#pragma once

#include <map>
#include <string>
#include <utility>

#include "decide/decide.hpp"

namespace softmig::simulate {

using Seen = std::map<std::pair<std::string, std::string>, decide::MetricObservation>;  ///< by (component, metric)

/// The smallest world that decisions can be carried out in: routes take every write at once and their gateway accepts it, Services have the
/// ports that are asked for, and nobody else writes. Value type.
class World {
 public:
  /// As a live migration's status says that it is; a new one where the status is empty. `spec` must outlive it.
  World(const model::Spec& spec, model::Status status, bool finalizer);

  [[nodiscard]] const model::Status& status() const { return status_; }
  void SetTargetReady(bool ready) { target_ready_ = ready; }
  /// The target's share that the routes show now, 0 to 100.
  [[nodiscard]] int WeightOf(const std::string& component) const;

  [[nodiscard]] decide::Observation Observe(const Seen& metrics) const;
  /// Carries it out as the operator does; true where something changed.
  bool Apply(const decide::Decision& decision);

 private:
  struct Route {
    std::string uid;
    std::map<std::string, decide::ComponentTarget> components;
    [[nodiscard]] bool AtRest() const;
  };

  [[nodiscard]] decide::RouteObservation ObserveRoute(const std::string& name, const Route& route) const;
  void Do(const decide::AddFinalizer&) { finalizer_ = true; }
  void Do(const decide::RemoveFinalizer&) { finalizer_ = false; }
  void Do(const decide::ApplyTraffic& apply);
  void Do(const decide::RestoreRoute& restore);
  // Its routes are always there, and as their templates say.
  void Do(const decide::CreateRoute&) {}
  void Do(const decide::ApplyTemplate&) {}

  const model::Spec* spec_;
  model::Status status_;
  bool finalizer_;
  bool target_ready_ = true;
  std::map<std::string, Route> routes_;
};

}  // namespace softmig::simulate
