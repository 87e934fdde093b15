// Rules on what a migration is about: sides, routes, components.
#include <set>

#include "sim/api/cel_rules.hpp"
#include "sim/api/cel_view.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

bool Adopted(const json* old) { return old != nullptr && !Child(Child(*old, "status"), "routes").empty(); }

template <const char* kField>
bool StaysWhileAdopted(const json& self, const json* old) {
  return !Adopted(old) || Child(Child(self, "spec"), kField) == Child(Child(*old, "spec"), kField);
}

constexpr char kLegacy[] = "legacy";
constexpr char kTarget[] = "target";
constexpr char kRoutes[] = "routes";
constexpr char kComponents[] = "components";

bool SamePlace(const json& a, const json& b) {
  const bool bridge = Has(a, "bridge");
  if (!bridge && !Has(a, "gatewayAPI")) return a == b;
  const json& here = Child(a, bridge ? "bridge" : "gatewayAPI");
  const json& there = Child(b, bridge ? "bridge" : "gatewayAPI");
  const char* second = bridge ? "port" : "kind";
  return Child(a, "name") == Child(b, "name") && there.is_object() && Child(here, "name") == Child(there, "name") &&
         Child(here, second) == Child(there, second) && (!bridge || Child(here, "behind") == Child(there, "behind"));
}

bool RoutesStayWhileAdopted(const json& self, const json* old) {
  if (!Adopted(old)) return true;
  const json& now = Child(Child(self, "spec"), kRoutes);
  const json& before = Child(Child(*old, "spec"), kRoutes);
  return now.size() == before.size() &&
         All(now, [&](const json& r) { return Exists(before, [&](const json& o) { return SamePlace(r, o); }); });
}

const json& ServiceName(const json& side) { return Child(Child(side, "service"), "name"); }

bool SidesDiffer(const json& self, const json* /*old*/) { return ServiceName(self[kLegacy]) != ServiceName(self[kTarget]); }

bool RulesNameRoutes(const json& self, const json* /*old*/) {
  const auto is_route = [&](const json& name) { return Exists(self[kRoutes], [&](const json& x) { return Child(x, "name") == name; }); };
  return All(Child(self, kComponents), [&](const json& component) {
    return All(Child(component, "rules"), [&](const json& rule) { return is_route(Child(rule, "route")); });
  });
}

bool MetricsNameComponents(const json& self, const json* /*old*/) {
  return All(Child(self["analysis"], "metrics"), [&](const json& metric) { return NamesComponents(self, metric); });
}

bool AfterNamesOthers(const json& self, const json* /*old*/) {
  return All(self, [&](const json& component) {
    return All(Child(component, "after"), [&](const json& name) {
      return name != Child(component, "name") && Exists(self, [&](const json& x) { return Child(x, "name") == name; });
    });
  });
}

/// As the rule does it: who is free to go, fifteen times; everybody must be among them.
bool NoCircle(const json& self, const json* /*old*/) {
  std::set<json> free;
  std::size_t count = 0;
  for (int round = 0; round <= 15; ++round) {
    std::set<json> next;
    count = 0;
    for (const json& component : self) {
      if (!All(Child(component, "after"), [&](const json& name) { return free.contains(name); })) continue;
      next.insert(Child(component, "name"));
      ++count;
    }
    free = std::move(next);
  }
  return count == self.size();
}

bool SameClaim(const json& r, const json& q) {
  if (Child(q, "route") != Child(r, "route")) return false;
  const char* name = Has(r, "rule") ? "rule" : "matches";
  return Has(q, name) && q[name] == Child(r, name);
}

bool ComponentsClaimDifferentRules(const json& self, const json* /*old*/) {
  return All(self, [&](const json& component) {
    return All(Child(component, "rules"), [&](const json& rule) {
      return ExistsOne(self, [&](const json& d) { return Exists(Child(d, "rules"), [&](const json& q) { return SameClaim(rule, q); }); });
    });
  });
}

bool RulesDiffer(const json& self, const json* /*old*/) {
  return All(self, [&](const json& r) { return ExistsOne(self, [&](const json& q) { return SameClaim(r, q); }); });
}

bool TemplateWithManaged(const json& self, const json* /*old*/) { return Has(self, "template") == (Child(self, "ownership") == "Managed"); }

bool RuleOrMatches(const json& self, const json* /*old*/) { return Has(self, "rule") != Has(self, "matches"); }

bool NeverFalls(const json& self, const json* old) { return old == nullptr || self >= *old; }

std::string AdoptedRule(const std::string& condition) {
  return "!has(oldSelf.status) || !has(oldSelf.status.routes) || size(oldSelf.status.routes) == 0 || " + condition;
}

std::string CircleRule() {
  std::string text = "[self.filter(c, !has(c.after)).map(c, c.name)]";
  for (int round = 0; round < 15; ++round) text += " .map(d, self.filter(c, !has(c.after) || c.after.all(a, a in d)).map(c, c.name))";
  return text + " .all(d, size(d) == size(self))";
}

}  // namespace

bool NamesComponents(const json& spec, const json& user) {
  const json& components = Child(spec, kComponents);
  return All(Child(user, kComponents), [&](const json& name) {
    if (components.empty()) return name == "all";
    return Exists(components, [&](const json& x) { return Child(x, "name") == name; });
  });
}

void AddSpecRules(RuleTable& book) {
  book[AdoptedRule("self.spec.legacy == oldSelf.spec.legacy")] = StaysWhileAdopted<kLegacy>;
  book[AdoptedRule("self.spec.target == oldSelf.spec.target")] = StaysWhileAdopted<kTarget>;
  book[AdoptedRule(
      "(size(self.spec.routes) == size(oldSelf.spec.routes) && self.spec.routes.all(r, oldSelf.spec.routes.exists(o, o.name == r.name && "
      "(has(r.bridge) ? has(o.bridge) && o.bridge.name == r.bridge.name && o.bridge.port == r.bridge.port && "
      "has(o.bridge.behind) == has(r.bridge.behind) && (!has(r.bridge.behind) || o.bridge.behind == r.bridge.behind) : "
      "has(r.gatewayAPI) ? has(o.gatewayAPI) && o.gatewayAPI.kind == r.gatewayAPI.kind && "
      "o.gatewayAPI.name == r.gatewayAPI.name : o == r))))")] = RoutesStayWhileAdopted;
  book[AdoptedRule(
      "(has(self.spec.components) == has(oldSelf.spec.components) && "
      "(!has(self.spec.components) || self.spec.components == oldSelf.spec.components))")] = StaysWhileAdopted<kComponents>;
  book["self.legacy.service.name != self.target.service.name"] = SidesDiffer;
  book["!has(self.components) || self.components.all(c, c.rules.all(r, self.routes.exists(x, x.name == r.route)))"] = RulesNameRoutes;
  book
      ["self.analysis.metrics.all(m, !has(m.components) || m.components.all(c, has(self.components) && size(self.components) > 0 ? "
       "self.components.exists(x, x.name == c) : c == 'all'))"] = MetricsNameComponents;
  book["has(self.template) == (self.ownership == 'Managed')"] = TemplateWithManaged;
  book["self.all(c, !has(c.after) || c.after.all(a, a != c.name && self.exists(x, x.name == a)))"] = AfterNamesOthers;
  book[CircleRule()] = NoCircle;
  book
      ["self.all(c, c.rules.all(r, self.exists_one(d, d.rules.exists(q, q.route == r.route && (has(r.rule) ? has(q.rule) && "
       "q.rule == r.rule : has(q.matches) && q.matches == r.matches)))))"] = ComponentsClaimDifferentRules;
  book
      ["self.all(r, self.exists_one(q, q.route == r.route && (has(r.rule) ? has(q.rule) && q.rule == r.rule : has(q.matches) && "
       "q.matches == r.matches)))"] = RulesDiffer;
  book["has(self.rule) != has(self.matches)"] = RuleOrMatches;
  book["self >= oldSelf"] = NeverFalls;
}

}  // namespace softmig::sim
