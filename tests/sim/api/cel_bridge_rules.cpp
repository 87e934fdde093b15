#include <array>

#include "sim/api/cel_rules.hpp"
#include "sim/api/cel_view.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

constexpr const char* kGateway = "gatewayAPI";
constexpr const char* kContour = "contour";
constexpr const char* kIstio = "istio";
constexpr const char* kTraefik = "traefik";
constexpr const char* kNginx = "nginx";
constexpr const char* kService = "service";
constexpr const char* kCustom = "custom";
constexpr const char* kBridge = "bridge";

bool SameObject(const json& a, const json& b) {
  return Child(a, "apiVersion") == Child(b, "apiVersion") && Child(a, "kind") == Child(b, "kind") && Child(a, "name") == Child(b, "name");
}

bool RoutesNameDifferentObjects(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    return ExistsOne(self, [&](const json& b) {
      for (const char* named : {kContour, kIstio, kTraefik, kNginx, kService}) {
        if (Has(a, named)) return Has(b, named) && a[named] == b[named];
      }
      if (Has(a, kCustom)) return Has(b, kCustom) && SameObject(a[kCustom], b[kCustom]);
      if (!Has(a, kGateway)) return Has(b, kBridge);
      return Has(b, kGateway) && Child(a[kGateway], "kind") == Child(b[kGateway], "kind") &&
             Child(a[kGateway], "name") == Child(b[kGateway], "name");
    });
  });
}

bool OneKindOfRoute(const json& self, const json* /*old*/) {
  constexpr std::array kMembers{kGateway, kContour, kIstio, kTraefik, kNginx, kService, kCustom, kBridge};
  return std::ranges::count_if(kMembers, [&](const char* member) { return Has(self, member); }) == 1;
}

bool RulesGoByWhatTheirRouteHas(const json& self, const json* /*old*/) {
  return All(Child(self, "components"), [&](const json& component) {
    return All(Child(component, "rules"), [&](const json& rule) {
      return !Exists(self["routes"], [&](const json& x) {
        if (Child(x, "name") != Child(rule, "route")) return false;
        return Has(rule, "rule") ? Has(x, kBridge) || Has(x, kContour) : Has(x, kGateway) && Child(x[kGateway], "kind") == "GRPCRoute";
      });
    });
  });
}

const json& ServiceName(const json& side) { return Child(Child(side, "service"), "name"); }

template <const char* const& kMember>
bool HaveNamesOfTheirOwn(const json& self, const json* /*old*/) {
  return All(self["routes"], [&](const json& route) {
    if (!Has(route, kMember)) return true;
    const json& name = Child(route[kMember], "name");
    return name != ServiceName(self["legacy"]) && name != ServiceName(self["target"]);
  });
}

bool ServicesAreSwitchedAtOnce(const json& self, const json* /*old*/) {
  if (!Exists(self["routes"], [](const json& route) { return Has(route, kService); })) return true;
  return All(Child(Child(self["plan"], "shift"), "steps"), [](const json& step) { return Child(step, "weight") == 100; });
}

bool FlagsOnlyWhereThereAreAny(const json& self, const json* /*old*/) {
  const bool has_flags = !Child(Child(self["plan"], "shift"), "flags").empty();
  return !has_flags || All(self["routes"], [](const json& route) { return Has(route, kGateway) || Has(route, kBridge); });
}

bool ComponentsOnlyWhereThereAreRules(const json& self, const json* /*old*/) {
  return Child(self, "components").empty() || All(self["routes"], [](const json& route) {
           return Has(route, kGateway) || Has(route, kContour) || Has(route, kIstio) || Has(route, kBridge);
         });
}

const json& BehindOf(const json& route) { return Child(Child(route, kBridge), "behind"); }
bool IsBehindRoute(const json& route) { return !BehindOf(route).is_null(); }

bool ComponentsNotBehindARoute(const json& self, const json* /*old*/) {
  return Child(self, "components").empty() || !Exists(self["routes"], IsBehindRoute);
}

bool EntranceIsARouteOfItsOwn(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    if (!IsBehindRoute(a)) return true;
    const json& entrance = Child(BehindOf(a), kGateway);
    const auto is_it = [&](const json& b) {
      return Has(b, kGateway) && Child(b[kGateway], "kind") == Child(entrance, "kind") &&
             Child(b[kGateway], "name") == Child(entrance, "name");
    };
    return self.size() < 8 && !Exists(self, is_it);
  });
}

bool WeightsDiffer(const json& self, const json* /*old*/) {
  return Child(Child(self, "legacy"), "weight") != Child(Child(self, "target"), "weight");
}

bool IsBridge(const json& route) { return Has(route, kBridge); }

bool ComparisonsNeedABridge(const json& self, const json* /*old*/) {
  return !Exists(Child(self["analysis"], "metrics"), IsBridge) || Exists(self["routes"], IsBridge);
}

bool ComparisonsAreOfComponentsOnTheBridge(const json& self, const json* /*old*/) {
  return All(Child(self, "components"), [&](const json& component) {
    const auto on_bridge = [&](const json& rule) {
      return Exists(self["routes"], [&](const json& x) { return Child(x, "name") == Child(rule, "route") && IsBridge(x); });
    };
    const auto leaves_it = [&](const json& metric) {
      const json& names = Child(metric, "components");
      return !IsBridge(metric) || (!names.empty() && !Exists(names, [&](const json& name) { return name == Child(component, "name"); }));
    };
    return Exists(Child(component, "rules"), on_bridge) || All(Child(self["analysis"], "metrics"), leaves_it);
  });
}

bool OneToleranceOfComparisons(const json& self, const json* /*old*/) {
  return !IsBridge(self) || Has(self, "maxRate") != Has(self, "zeroDiscrepancies");
}

bool ComparisonsNeedNoOtherRule(const json& self, const json* /*old*/) {
  return !IsBridge(self) || !(Has(self, "min") || Has(self, "max") || Has(self, "minRequests") || Has(self, "notWorseThanLegacy"));
}

}  // namespace

void AddBridgeRules(RuleTable& book) {
  book
      ["self.all(a, self.exists_one(b, has(a.gatewayAPI) ? has(b.gatewayAPI) && a.gatewayAPI.kind == b.gatewayAPI.kind && "
       "a.gatewayAPI.name == b.gatewayAPI.name : has(a.contour) ? has(b.contour) && a.contour == b.contour : "
       "has(a.istio) ? has(b.istio) && a.istio == b.istio : "
       "has(a.traefik) ? has(b.traefik) && a.traefik == b.traefik : "
       "has(a.nginx) ? has(b.nginx) && a.nginx == b.nginx : "
       "has(a.service) ? has(b.service) && a.service == b.service : "
       "has(a.custom) ? has(b.custom) && a.custom.apiVersion == b.custom.apiVersion && a.custom.kind == b.custom.kind && "
       "a.custom.name == b.custom.name : has(b.bridge)))"] = RoutesNameDifferentObjects;
  book
      ["[has(self.gatewayAPI), has(self.contour), has(self.istio), has(self.traefik), has(self.nginx), "
       "has(self.service), has(self.custom), has(self.bridge)].filter(x, x).size() == 1"] = OneKindOfRoute;
  book["self.legacy.weight != self.target.weight"] = WeightsDiffer;
  book
      ["!has(self.components) || size(self.components) == 0 || self.routes.all(r, !has(r.bridge) || "
       "!has(r.bridge.behind))"] = ComponentsNotBehindARoute;
  book
      ["self.all(a, !has(a.bridge) || !has(a.bridge.behind) || (size(self) < 8 && self.all(b, !has(b.gatewayAPI) || "
       "b.gatewayAPI.kind != a.bridge.behind.gatewayAPI.kind || b.gatewayAPI.name != "
       "a.bridge.behind.gatewayAPI.name)))"] = EntranceIsARouteOfItsOwn;
  book
      ["!has(self.components) || size(self.components) == 0 || self.routes.all(r, has(r.gatewayAPI) || has(r.contour) || "
       "has(r.istio) || has(r.bridge))"] = ComponentsOnlyWhereThereAreRules;
  book
      ["!has(self.components) || self.components.all(c, c.rules.all(r, !self.routes.exists(x, x.name == r.route && (has(r.rule) ? "
       "has(x.bridge) || has(x.contour) : has(x.gatewayAPI) && x.gatewayAPI.kind == 'GRPCRoute'))))"] = RulesGoByWhatTheirRouteHas;
  book["!has(self.plan.shift.flags) || size(self.plan.shift.flags) == 0 || self.routes.all(r, has(r.gatewayAPI) || has(r.bridge))"] =
      FlagsOnlyWhereThereAreAny;
  book
      ["self.routes.all(r, !has(r.bridge) || (r.bridge.name != self.legacy.service.name && r.bridge.name != "
       "self.target.service.name))"] = HaveNamesOfTheirOwn<kBridge>;
  book
      ["self.routes.all(r, !has(r.service) || (r.service.name != self.legacy.service.name && r.service.name != "
       "self.target.service.name))"] = HaveNamesOfTheirOwn<kService>;
  book["!self.routes.exists(r, has(r.service)) || self.plan.shift.steps.all(s, s.weight == 100)"] = ServicesAreSwitchedAtOnce;
  book["!self.analysis.metrics.exists(m, has(m.bridge)) || self.routes.exists(r, has(r.bridge))"] = ComparisonsNeedABridge;
  book
      ["!has(self.components) || self.components.all(c, c.rules.exists(r, self.routes.exists(x, x.name == r.route && "
       "has(x.bridge))) || self.analysis.metrics.all(m, !has(m.bridge) || (has(m.components) && "
       "size(m.components) > 0 && !(c.name in m.components))))"] = ComparisonsAreOfComponentsOnTheBridge;
  book["!has(self.bridge) || has(self.maxRate) != has(self.zeroDiscrepancies)"] = OneToleranceOfComparisons;
  book["!has(self.bridge) || (!has(self.min) && !has(self.max) && !has(self.minRequests) && !has(self.notWorseThanLegacy))"] =
      ComparisonsNeedNoOtherRule;
}

}  // namespace softmig::sim
