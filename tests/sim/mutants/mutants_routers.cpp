// Mistakes in what is read from and written to routes.
#include <map>
#include <nlohmann/json.hpp>

#include "sim/core/routes.hpp"
#include "sim/mutants/mutants.hpp"

namespace softmig::simulator {
namespace {

using nlohmann::json;
using reconcile::Cache;
using routers::ObjectPatch;
using routers::TrafficIntent;
using routers::TrafficRouter;

/// Passes everything on; a mutant overrides what it gets wrong.
class RouterMutant : public TrafficRouter {
 public:
  RouterMutant(const TrafficRouter& plain, const Cache& cache) : plain_(plain), cache_(cache) {}
  [[nodiscard]] routers::Capabilities capabilities(const model::RouteRef& route) const override { return plain_.capabilities(route); }
  [[nodiscard]] model::RouteState Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const override {
    return plain_.Observe(object, spec, route);
  }
  [[nodiscard]] base::Result<std::string> Save(const json& object, const model::Spec& spec, const model::RouteRef& route) const override {
    return plain_.Save(object, spec, route);
  }
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const json& object) const override {
    return plain_.Render(intent, object);
  }
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const json& object) const override {
    return plain_.Restore(saved, object);
  }
  [[nodiscard]] base::Result<json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                        const std::string& ns) const override {
    return plain_.Make(intent, spec, route, ns);
  }
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const json& object) const override {
    return plain_.Remake(intent, spec, route, object);
  }

 protected:
  const TrafficRouter& plain_;
  const Cache& cache_;
};

bool TakesBack(const TrafficIntent& intent) {
  for (const routers::ComponentIntent& component : intent.components) {
    if (component.split.target().value() > 0) return false;
  }
  return true;
}

bool SendsSomebodyTo(const std::string& service, const json& object) {
  for (const json& rule : RulesOf(object)) {
    for (const json& ref : rule.value("backendRefs", json::array())) {
      if (ref.value("name", std::string()) == service && ref.value("weight", 1) > 0) return true;
    }
  }
  return false;
}

class IgnoresSecondRoute final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const json& object) const override {
    if (intent.route != "way0" && TakesBack(intent) && SendsSomebodyTo(intent.target.service, object)) return ObjectPatch{};
    return RouterMutant::Render(intent, object);
  }
};

class KeepsFlagRules final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const json& object) const override {
    auto patch = RouterMutant::Render(intent, object);
    if (!patch || patch->empty()) return patch;
    json kept = json::array();
    for (const json& operation : json::parse(patch->json)) {
      if (operation.at("op") != "remove") kept.push_back(operation);
    }
    return ObjectPatch{kept.dump()};
  }
};

class RestoresNothing final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string&, const json&) const override { return ObjectPatch{}; }
};

class RestoresOtherBytes final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const json& object) const override {
    json changed = json::parse(saved);
    for (json& rule : changed.at("rules")) {
      for (json& ref : rule.value("refs", json::array())) ref["weight"] = 100;
      if (rule.contains("refs")) {
        for (json& ref : rule["refs"]) ref["weight"] = ref.value("weight", 1) == 0 ? 0 : 50;
      }
    }
    return RouterMutant::Restore(changed.dump(), object);
  }
};

/// A backend is taken out of the route with users on it.
class SeesNobodyOnTheTarget final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] model::RouteState Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const override {
    model::RouteState state = RouterMutant::Observe(object, spec, route);
    for (model::ComponentTraffic& traffic : state.components) traffic.any_target = false;
    return state;
  }
};

class BelievesAcceptance final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] model::RouteState Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const override {
    model::RouteState state = RouterMutant::Observe(object, spec, route);
    state.acceptance = model::Acceptance::kAccepted;
    return state;
  }
};

/// What was written last counts as what is there.
class BelievesItsWrites final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const json& object) const override {
    for (const routers::ComponentIntent& component : intent.components) {
      written_[{intent.migration, component.component.name}] = component.split.target();
    }
    return RouterMutant::Render(intent, object);
  }
  [[nodiscard]] model::RouteState Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const override {
    model::RouteState state = RouterMutant::Observe(object, spec, route);
    for (model::ComponentTraffic& traffic : state.components) {
      for (const auto& [key, weight] : written_) {
        if (key.second == traffic.component && traffic.weight) traffic.weight = weight;
      }
    }
    return state;
  }

 private:
  mutable std::map<std::pair<std::string, std::string>, base::Percent> written_;
};

/// Flagger's: no route is touched while the gateway has not accepted the last change.
class WaitsForAcceptance final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const json& object) const override {
    if (TakesBack(intent) && RouterMutant::Observe(object, {}, {}).acceptance != model::Acceptance::kAccepted) {
      return base::Fail(base::ErrorCode::kInvalid, "the route is not accepted");
    }
    return RouterMutant::Render(intent, object);
  }
};

/// Argo Rollouts': all of the stable side must be ready first.
class WaitsForReadiness final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const json& object) const override {
    if (TakesBack(intent) && cache_.ReadyEndpoints({kNamespace, intent.legacy.service}) < 2) {
      return base::Fail(base::ErrorCode::kInvalid, "legacy is not fully ready");
    }
    return RouterMutant::Render(intent, object);
  }
};

/// As one would make it first: as the template says, to be brought to the weights afterwards.
class MakesAsTheTemplateSays final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                        const std::string& ns) const override {
    TrafficIntent nobody = intent;
    nobody.components.clear();
    return RouterMutant::Make(nobody, spec, route, ns);
  }
};

/// A template that was edited is written as it stands.
class RemakesAsTheTemplateSays final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const json& object) const override {
    TrafficIntent nobody = intent;
    nobody.components.clear();
    return RouterMutant::Remake(nobody, spec, route, object);
  }
};

/// What a route is put back to is what it was made with: there is nothing to do.
class ForgetsItsTemplate final : public RouterMutant {
 public:
  using RouterMutant::RouterMutant;
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const json& object) const override {
    return json::parse(saved).contains("for") ? ObjectPatch{} : RouterMutant::Restore(saved, object);
  }
};

template <typename T>
Tweaks WithRouter() {
  Tweaks tweaks;
  tweaks.router = [](const TrafficRouter& plain, const Cache& cache) { return std::make_unique<T>(plain, cache); };
  return tweaks;
}

void Breach(RunOptions& options, FaultPlan more, int routes) {
  Scenario scenario = SmallScenario(1);
  scenario.seed = options.seed;
  if (routes > 1) {
    scenario.migrations[0].routes.emplace_back("r0b");
    scenario.routes.emplace_back("r0b");
  }
  scenario.migrations[0].steps = {{20, 20}, {100, 0}};
  more.push_back({FaultKind::kBreach, seconds(12), Time(0), 0, 0, 0});
  options.scenario = scenario;
  options.plan = std::move(more);
}

/// The route is made by the operator, deleted at 20 % and later given back.
void MadeAgain(RunOptions& options) {
  Breach(options, {{FaultKind::kRouteGone, seconds(8), Time(0), 0, 0, 0}, {FaultKind::kDelete, seconds(20), Time(0), 0, 0, 0}}, 1);
  options.scenario->migrations[0].managed = true;
  options.scenario->migrations[0].steps = {{20, 60}, {100, 0}};
  options.plan->pop_back();
}

void TemplateEdited(RunOptions& options) {
  MadeAgain(options);
  options.plan->clear();
  options.scenario->migrations[0].template_edit_seconds = 8;
}

}  // namespace

void AddRouterMutants(std::vector<Mutant>& mutants) {
  mutants.push_back({"ignores-second-route", "a rollback changes only the first route", WithRouter<IgnoresSecondRoute>(),
                     [](RunOptions& options) { Breach(options, {}, 2); }});
  mutants.push_back(
      {"keeps-flag-rules", "header rules to the target stay after a rollback", WithRouter<KeepsFlagRules>(), [](RunOptions& options) {
         Breach(options, {}, 1);
         options.scenario->migrations[0].flag = true;
       }});
  mutants.push_back({"restores-nothing", "the finalizer goes before the routes are put back", WithRouter<RestoresNothing>(), {}});
  mutants.push_back({"drops-the-target-with-users", "routes are put back before users have left what they then do not name",
                     WithRouter<SeesNobodyOnTheTarget>(), [](RunOptions& options) {
                       Breach(options, {}, 1);
                       options.plan = FaultPlan{{FaultKind::kDelete, seconds(12), Time(0), 0, 0, 0}};
                     }});
  mutants.push_back({"restores-other-bytes", "what is put back is equal in meaning, not in bytes", WithRouter<RestoresOtherBytes>(), {}});
  mutants.push_back(
      {"makes-as-the-template-says", "a deleted route is made again without the weights", WithRouter<MakesAsTheTemplateSays>(), MadeAgain});
  mutants.push_back({"remakes-as-the-template-says", "an edited template is written without the weights",
                     WithRouter<RemakesAsTheTemplateSays>(), TemplateEdited});
  mutants.push_back({"forgets-its-template", "a route that was made again is put back to what it was made with",
                     WithRouter<ForgetsItsTemplate>(), MadeAgain});
  mutants.push_back({"ignores-acceptance", "a change counts as in force once it is written", WithRouter<BelievesAcceptance>(), {}});
  mutants.push_back({"believes-its-writes", "the route is taken to be what was written to it last", WithRouter<BelievesItsWrites>(),
                     [](RunOptions& options) {
                       Breach(options, {}, 1);
                       options.plan = FaultPlan{{FaultKind::kDesired, seconds(2), Time(0), 0, 1, 0},
                                                {FaultKind::kRouteWeights, seconds(60), Time(0), 0, 0, 30}};
                     }});
  mutants.push_back({"rollback-waits-for-gateway", "no rollback while the gateway has not accepted the last change",
                     WithRouter<WaitsForAcceptance>(), [](RunOptions& options) {
                       Breach(options, {{FaultKind::kGateway, seconds(4), seconds(60), 0, static_cast<int>(GatewayMode::kNever), 0}}, 1);
                     }});
  mutants.push_back({"rollback-waits-for-readiness", "no rollback while an endpoint of legacy is not ready",
                     WithRouter<WaitsForReadiness>(),
                     [](RunOptions& options) { Breach(options, {{FaultKind::kEndpointsGone, seconds(10), seconds(60), 0, 0, 1}}, 1); }});
}

}  // namespace softmig::simulator
