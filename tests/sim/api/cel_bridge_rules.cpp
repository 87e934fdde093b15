#include "sim/api/cel_rules.hpp"
#include "sim/api/cel_view.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

constexpr const char* kGateway = "gatewayAPI";
constexpr const char* kBridge = "bridge";

bool RoutesNameDifferentObjects(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    return ExistsOne(self, [&](const json& b) {
      if (!Has(a, kGateway)) return Has(b, kBridge);
      return Has(b, kGateway) && Child(a[kGateway], "name") == Child(b[kGateway], "name");
    });
  });
}

bool GatewayApiOrBridge(const json& self, const json* /*old*/) { return Has(self, kGateway) != Has(self, kBridge); }

bool BridgesHaveNoNamedRules(const json& self, const json* /*old*/) {
  return All(Child(self, "components"), [&](const json& component) {
    return All(Child(component, "rules"), [&](const json& rule) {
      const auto is_bridge = [&](const json& x) { return Child(x, "name") == Child(rule, "route") && Has(x, kBridge); };
      return !Has(rule, "rule") || !Exists(self["routes"], is_bridge);
    });
  });
}

const json& ServiceName(const json& side) { return Child(Child(side, "service"), "name"); }

bool BridgesHaveNamesOfTheirOwn(const json& self, const json* /*old*/) {
  return All(self["routes"], [&](const json& route) {
    if (!Has(route, kBridge)) return true;
    const json& name = Child(route[kBridge], "name");
    return name != ServiceName(self["legacy"]) && name != ServiceName(self["target"]);
  });
}

}  // namespace

void AddBridgeRules(RuleTable& book) {
  book
      ["self.all(a, self.exists_one(b, has(a.gatewayAPI) ? has(b.gatewayAPI) && a.gatewayAPI.name == b.gatewayAPI.name : "
       "has(b.bridge)))"] = RoutesNameDifferentObjects;
  book["has(self.gatewayAPI) != has(self.bridge)"] = GatewayApiOrBridge;
  book
      ["!has(self.components) || self.components.all(c, c.rules.all(r, !has(r.rule) || !self.routes.exists(x, x.name == r.route && "
       "has(x.bridge))))"] = BridgesHaveNoNamedRules;
  book
      ["self.routes.all(r, !has(r.bridge) || (r.bridge.name != self.legacy.service.name && r.bridge.name != "
       "self.target.service.name))"] = BridgesHaveNamesOfTheirOwn;
}

}  // namespace softmig::sim
