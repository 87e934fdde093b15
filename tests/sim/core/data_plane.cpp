#include "sim/core/data_plane.hpp"

#include <nlohmann/json.hpp>

namespace softmig::simulator {
namespace {

using nlohmann::json;

constexpr double kRequestsASecond = 60;  // of each component on each route
constexpr double kBackground = 0.002;    // errors that a healthy system has, too

std::int64_t GenerationOf(const json& object) { return object.at("metadata").value("generation", std::int64_t{0}); }

json Condition(const char* type, bool good, std::int64_t generation) {
  return {{"type", type},
          {"status", good ? "True" : "False"},
          {"reason", good ? type : "UnsupportedValue"},
          {"message", good ? "" : "refused by the simulated gateway"},
          {"observedGeneration", generation},
          {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
}

}  // namespace

DataPlane::DataPlane(Loop& loop, Random& random, Cluster& cluster, const Scenario& scenario, Transcript& transcript)
    : loop_(loop), random_(random), cluster_(cluster), scenario_(scenario), transcript_(transcript) {
  for (const std::string& route : scenario.routes) gateways_[route];
  for (const MigrationPlan& migration : scenario.migrations) ready_[migration.legacy] = ready_[migration.target] = 2;
  cluster.Listen([this](const ClusterChange& change) { OnChange(change); });
}

void DataPlane::OnChange(const ClusterChange& whole) {
  const Change& change = whole.change;
  if (whole.kind != Kind::kHttpRoutes || !change.after || !gateways_.contains(change.name)) return;
  if (change.before && GenerationOf(*change.before) == GenerationOf(*change.after)) return;
  SetGateway(change.name, gateways_[change.name].mode);
}

void DataPlane::SetGateway(const std::string& route, GatewayMode mode) {
  Gateway& gateway = gateways_[route];
  gateway.touched = gateway.touched || mode != GatewayMode::kObeys;
  gateway.mode = mode;
  const long long seen = ++gateway.seen;
  if (mode == GatewayMode::kNever) return;
  const Time delay =
      mode == GatewayMode::kLate ? random_.Within(seconds(2), seconds(15)) : random_.Within(milliseconds(5), milliseconds(300));
  loop_.After(delay, nullptr, [this, route, seen] { TakeOver(route, seen); });
  loop_.After(delay + random_.Within(milliseconds(1), milliseconds(100)), nullptr, [this, route, seen] { Report(route, seen); });
}

void DataPlane::TakeOver(const std::string& route, long long seen) {
  Gateway& gateway = gateways_[route];
  if (gateway.seen != seen || gateway.mode == GatewayMode::kIgnores || gateway.mode == GatewayMode::kRefuses) return;
  const auto object = cluster_.Find(Kind::kHttpRoutes, route);
  if (!object) return;
  NoteFlow();
  gateway.programmed = object;
  for (std::size_t m = 0; m < scenario_.migrations.size(); ++m) {
    const MigrationPlan& migration = scenario_.migrations[m];
    for (std::size_t c = 0; c < migration.components.size(); ++c) {
      gateway.shares[{static_cast<int>(m), static_cast<int>(c)}] = ReadShare(RulesOf(*object), migration, migration.components[c]);
    }
  }
  transcript_.Line(loop_.now(), "gateway: runs {} at generation {}", route, GenerationOf(*object));
}

void DataPlane::Report(const std::string& route, long long seen) {
  const Gateway& gateway = gateways_[route];
  const auto object = cluster_.Find(Kind::kHttpRoutes, route);
  if (gateway.seen != seen || !object) return;
  const std::int64_t generation = GenerationOf(*object);
  const bool good = gateway.mode != GatewayMode::kRefuses;
  const json parents =
      json::array({{{"parentRef", {{"name", "gw"}}},
                    {"controllerName", "example.com/gateway"},
                    {"conditions", json::array({Condition("Accepted", good, generation), Condition("ResolvedRefs", true, generation)})}}});
  cluster_.Merge(Kind::kHttpRoutes, route, {{"status", {{"parents", parents}}}}, "gateway", "status");
}

void DataPlane::CountRoute(const Gateway& gateway, double elapsed) {
  for (const auto& [key, share] : gateway.shares) {
    if (share.rules == 0) continue;
    const MigrationPlan& migration = scenario_.migrations[static_cast<std::size_t>(key.first)];
    Traffic& traffic = traffic_[key];
    const double to_target = kRequestsASecond * elapsed * share.target;
    const bool dead = ready_[migration.target] == 0;
    traffic.total += to_target;
    traffic.bad += to_target * (dead ? 1.0 : std::max(traffic.errors, kBackground));
    if (dead && ready_[migration.legacy] > 0) lost_users_ += to_target;
    if (ready_[migration.legacy] == 0 && !dead) lost_users_ += kRequestsASecond * elapsed - to_target;
  }
}

void DataPlane::Count() {
  const double elapsed = std::chrono::duration<double>(loop_.now() - counted_).count();
  counted_ = loop_.now();
  if (elapsed <= 0) return;
  for (const auto& [name, gateway] : gateways_) {
    if (gateway.programmed) CountRoute(gateway, elapsed);
  }
}

/// What flows is about to change.
void DataPlane::NoteFlow() {
  Count();
  flow_changes_();
  for (const auto& [key, traffic] : traffic_) history_[key].Learn(loop_.now(), traffic.bad, traffic.total);
}

void DataPlane::SetHealth(int migration, int component, double errors, double latency) {
  NoteFlow();
  Traffic& traffic = traffic_[{migration, component}];
  traffic.errors = errors;
  traffic.latency = latency;
}

void DataPlane::SetReady(const std::string& service, int endpoints) {
  Count();
  ready_[service] = endpoints;
}

DataPlane::Counters DataPlane::Read(int migration, int component) {
  Count();
  const Traffic& traffic = traffic_[{migration, component}];
  return {traffic.total, traffic.bad};
}

double DataPlane::RequestsAt(int migration, int component, Time at) {
  const Counters now = Read(migration, component);
  CounterHistory& history = history_[{migration, component}];
  history.Learn(loop_.now(), now.bad, now.total);
  return history.At(at).total;
}

double DataPlane::latency(int migration, int component) const {
  const auto it = traffic_.find({migration, component});
  return it == traffic_.end() ? 0.1 : it->second.latency;
}

double DataPlane::Runs(const std::string& route, int migration, int component) const {
  const Gateway& gateway = gateways_.at(route);
  const auto it = gateway.shares.find({migration, component});
  return it == gateway.shares.end() ? 0 : it->second.target;
}

bool DataPlane::Healthy(int migration, int component) const {
  const auto it = traffic_.find({migration, component});
  return it == traffic_.end() || (it->second.errors < 0.01 && it->second.latency < 0.5);
}

int DataPlane::ready(const std::string& service) const {
  const auto it = ready_.find(service);
  return it == ready_.end() ? 0 : it->second;
}

}  // namespace softmig::simulator
