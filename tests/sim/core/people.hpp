#pragma once

#include <map>
#include <string>

#include "sim/core/cluster.hpp"
#include "sim/core/fault_plan.hpp"
#include "sim/core/scenario.hpp"

namespace softmig::simulator {

/// Everybody with kubectl: the users of the operator, who edit, pause and delete, and others who edit what it works on.
class People {
 public:
  People(Loop& loop, Random& random, Cluster& cluster, const Scenario& scenario);

  /// Services, endpoints and routes; the migrations at their times.
  void CreateAll();
  /// Does what the fault says, and undoes it when its time is over. Only for kinds that people cause.
  void Act(const Fault& fault);

  [[nodiscard]] bool deleted(int migration) const { return deleted_.contains(migration); }

 private:
  void Spec(int migration, const nlohmann::json& spec);
  void SetDesired(const Fault& fault);
  void EditTemplates(int migration);
  void Touch(int migration, Time until);
  void SetWeights(const std::string& route, int percent);
  void Fight(const std::string& route, int percent, Time until);
  void AddRule(const std::string& route);
  void RemakeRoute(const std::string& route, Time after);
  void RemakeService(int migration, int side, Time after);
  void EditRules(const std::string& route, const std::function<void(nlohmann::json&)>& edit);
  [[nodiscard]] const MigrationPlan& Plan(int migration) const { return scenario_.migrations[static_cast<std::size_t>(migration)]; }

  Loop& loop_;
  Random& random_;
  Cluster& cluster_;
  const Scenario& scenario_;
  std::map<int, bool> deleted_;
  int counter_ = 0;
};

}  // namespace softmig::simulator
