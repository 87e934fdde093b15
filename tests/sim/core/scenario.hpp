#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sim/core/random.hpp"

namespace softmig::simulator {

inline constexpr const char* kNamespace = "shop";

struct ComponentPlan {
  std::string name;
  std::vector<std::string> after;
};

struct StepPlan {
  int weight = 0;
  int hold_seconds = 0;
};

struct MetricPlan {
  std::string name;
  bool counts = true;
};

/// One SoftMigration as a user would write it, and the names of what it is about.
struct MigrationPlan {
  std::string name, legacy, target;
  std::vector<std::string> routes;  ///< objects; the first may be shared
  std::vector<ComponentPlan> components;
  bool implied = false;  ///< one component "all" over rules without names
  std::vector<StepPlan> steps;
  std::vector<MetricPlan> metrics;
  int interval_seconds = 2;
  int min_requests = 20;
  bool evidence = false;  ///< counts are judged by evidence instead, with bursts of three intervals let pass
  bool flag = false;
  bool hold_on_breach = false;
  int deadline_seconds = 60;
  bool hold_without_evidence = false;
  int created_at_seconds = 0;
  int style = 0;                  ///< the scenario's
  bool managed = false;           ///< its routes are made by the operator, from templates that say what a user would have written
  bool stranger = false;          ///< somebody makes the first of them too, at about the same time
  int template_edit_seconds = 0;  ///< when the templates get another hostname; 0: never
};

/// The hostname that an edited template has.
inline constexpr const char* kEditedHost = "edited.example.com";

/// The world of one run without its faults. Value type, drawn from the seed.
struct Scenario {
  std::uint64_t seed = 0;
  int replicas = 1;
  int lease_seconds = 6, renew_seconds = 4;
  int retry_millis = 1'500;
  std::vector<int> skew_millis;  ///< of each replica's wall clock
  std::vector<MigrationPlan> migrations;
  std::vector<std::string> routes;  ///< all objects
  int style = 0;                    ///< how users wrote their backends
  int fault_seconds = 120;          ///< faults begin within this time
  int faults = 4;
};

Scenario DrawScenario(std::uint64_t seed);
/// The same world with routes that the operator makes: only those that nobody shares, since a template has the rules of its own migration.
Scenario WithManagedRoutes(Scenario scenario);
/// The smallest one in which everything happens once: for the systematic search and for a first look.
Scenario SmallScenario(int replicas);

/// Name of the rule of a component on any of its routes; empty for the implied one.
std::string RuleName(const MigrationPlan& migration, const ComponentPlan& component);

nlohmann::json MigrationObject(const MigrationPlan& plan);
/// The migration whose templates this route is made from; null where users make it.
const MigrationPlan* MakerOf(const Scenario& scenario, const std::string& route);
nlohmann::json RouteJson(const Scenario& scenario, const std::string& name);
nlohmann::json ServiceJson(const std::string& name);
nlohmann::json SliceJson(const std::string& service, int ready);

}  // namespace softmig::simulator
