#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "model/codec.hpp"
#include "model/kind_traits.hpp"
#include "model/limits.hpp"
#include "model/parse_parts.hpp"
#include "model/validate.hpp"

namespace softmig::model {
namespace {

constexpr TextRule kPointer{2, 253, IsPointer, "a JSON pointer of letters, digits, dots, dashes and underscores, such as /status/phase"};
constexpr TextRule kSpecPointer{7, 253, IsSpecPointer, "a JSON pointer into /spec, such as /spec/backends/0/weight"};
constexpr TextRule kApiVersion{3, 317, IsApiVersion, "a group and a version, such as split.smi-spec.io/v1alpha2"};
constexpr TextRule kKind{1, 63, IsKind, "a kind, such as TrafficSplit"};
constexpr TextRule kAcceptedValue{1, 253, nullptr, ""};

Side ParseSide(FieldReader& spec, std::string_view key) {
  Side side;
  auto reader = spec.RequiredObject(key);
  if (!reader) return side;
  if (auto service = reader->RequiredObject("service")) {
    side.service = service->Text("name", kLabel);
    side.port = static_cast<int>(service->Integer("port", {1, 65535}, std::nullopt));
    service->RefuseOthers();
  }
  reader->RefuseOthers();
  return side;
}

void ParseRouteObject(FieldReader& gateway_api, RouteRef& route) {
  static constexpr std::array<std::string_view, 2> kKinds{"HTTPRoute", "GRPCRoute"};
  static constexpr std::array<std::string_view, 2> kOwnerships{"Patch", "Managed"};
  route.kind = gateway_api.Choice("kind", kKinds, 0) == 1 ? RouteKind::kGrpcRoute : RouteKind::kHttpRoute;
  const bool managed = gateway_api.Choice("ownership", kOwnerships, 0) == 1;
  route.object = gateway_api.Text("name", kSubdomain);
  if (managed) {
    route.manifest = ParseTemplate(gateway_api);
  } else if (gateway_api.Raw("template") != nullptr) {
    gateway_api.Fail("template", "is for ownership Managed only");
  }
  gateway_api.RefuseOthers();
}

/// A kind of which nothing is said but the object's name.
template <RouteKind kind, const TextRule& rule = kSubdomain>
void ParseNamed(FieldReader& reader, RouteRef& route) {
  route.kind = kind;
  const std::string_view path = TraitsOf(kind).path;
  route.object = reader.Text(path.substr(path.find('.') + 1), rule);
  reader.RefuseOthers();
}

CustomRoute::Part ParsePart(FieldReader& custom, std::string_view key) {
  CustomRoute::Part part;
  auto reader = custom.RequiredObject(key);
  if (!reader) return part;
  part.weight = reader->Text("weight", kSpecPointer);
  part.service = reader->Text("service", kSpecPointer);
  reader->RefuseOthers();
  return part;
}

void ParseCustom(FieldReader& custom, RouteRef& route) {
  route.kind = RouteKind::kCustom;
  route.object = custom.Text("name", kSubdomain);
  const std::string api_version = custom.Text("apiVersion", kApiVersion);
  route.custom.type = api_version + "/" + custom.Text("kind", kKind);
  route.custom.legacy = ParsePart(custom, "legacy");
  route.custom.target = ParsePart(custom, "target");
  if (auto accepted = custom.Object("accepted")) {
    route.custom.accepted = accepted->Text("path", kPointer);
    route.custom.accepted_value = accepted->Text("value", kAcceptedValue);
    route.custom.generation = accepted->OptionalText("generation", kPointer).value_or("");
    accepted->RefuseOthers();
  }
  custom.RefuseOthers();
}

/// Its name is that of a Service, too.
void ParseBridge(FieldReader& bridge, RouteRef& route) {
  route.kind = RouteKind::kBridge;
  route.object = bridge.Text("name", kLabel);
  route.port = static_cast<int>(bridge.Integer("port", {1, 65535}, std::nullopt));
  route.replicas = static_cast<int>(bridge.Integer("replicas", {1, limits::kBridgeReplicas}, 2));
  route.sampling = static_cast<int>(bridge.Integer("sampling", {1, 100}, 100));
  route.has_entrance = bridge.Has("behind");
  bridge.Raw("behind");  // read by ParseEntrance
  bridge.RefuseOthers();
}

/// Of a bridge: the user's route in front of it, as a route of its own.
std::optional<RouteRef> ParseEntrance(FieldReader& reader, const RouteRef& bridge) {
  static constexpr std::array<std::string_view, 1> kKinds{"HTTPRoute"};
  if (!bridge.has_entrance) return std::nullopt;
  auto behind = reader.Object("bridge")->RequiredObject("behind");
  auto gateway_api = behind ? behind->RequiredObject("gatewayAPI") : std::nullopt;
  if (!gateway_api) return std::nullopt;
  RouteRef entrance;
  entrance.name = kEntrance;
  gateway_api->Choice("kind", kKinds, 0);
  entrance.object = gateway_api->Text("name", kSubdomain);
  entrance.bridge = Side{bridge.object, bridge.port};
  gateway_api->RefuseOthers();
  behind->RefuseOthers();
  return entrance;
}

/// The one member that says what kind of route it is.
void ParseKind(FieldReader& reader, RouteRef& route) {
  using Parser = std::pair<std::string_view, void (*)(FieldReader&, RouteRef&)>;
  static constexpr std::array<Parser, 8> kParsers{{{"gatewayAPI", ParseRouteObject},
                                                   {"contour", ParseNamed<RouteKind::kHttpProxy>},
                                                   {"istio", ParseNamed<RouteKind::kVirtualService>},
                                                   {"traefik", ParseNamed<RouteKind::kTraefikService>},
                                                   {"nginx", ParseNamed<RouteKind::kCanaryIngress>},
                                                   {"service", ParseNamed<RouteKind::kService, kLabel>},
                                                   {"custom", ParseCustom},
                                                   {"bridge", ParseBridge}}};
  const auto set = std::ranges::count_if(kParsers, [&](const Parser& parser) { return reader.Has(parser.first); });
  if (set != 1)
    reader.Fail("gatewayAPI", "exactly one of gatewayAPI, contour, istio, traefik, nginx, service, custom and bridge must be set");
  for (const auto& [member, parse] : kParsers) {
    if (auto found = reader.Object(member)) parse(*found, route);
  }
}

std::vector<RouteRef> ParseRoutes(FieldReader& spec) {
  std::vector<RouteRef> routes;
  std::optional<RouteRef> entrance;
  for (FieldReader& reader : spec.Objects("routes", {1, limits::kRoutes})) {
    RouteRef route;
    route.name = reader.Text("name", kLabel);
    ParseKind(reader, route);
    if (auto found = ParseEntrance(reader, route)) entrance = std::move(found);
    reader.RefuseOthers();
    routes.push_back(std::move(route));
  }
  if (entrance) routes.push_back(std::move(*entrance));
  return routes;
}

DesiredPhase ParseDesiredPhase(FieldReader& spec) {
  static constexpr std::array<std::string_view, 3> kNames{"Pending", "Shift", "Complete"};
  static constexpr std::array<DesiredPhase, 3> kPhases{DesiredPhase::kPending, DesiredPhase::kShift, DesiredPhase::kComplete};
  return kPhases[spec.Choice("desiredPhase", kNames, 2)];
}

}  // namespace

ParsedSpec ParseSpec(const nlohmann::json& json) {
  ErrorList errors;
  FieldReader reader(json, "spec", errors);
  Spec spec;
  spec.legacy = ParseSide(reader, "legacy");
  spec.target = ParseSide(reader, "target");
  spec.routes = ParseRoutes(reader);
  spec.components = ParseComponents(reader);
  spec.desired_phase = ParseDesiredPhase(reader);
  spec.paused = reader.Boolean("paused", false);
  spec.attempt = reader.Integer("attempt", {1, limits::kAttempts}, 1);
  ParsePlan(reader, spec);
  ParseAnalysis(reader, spec);
  reader.Raw("compare");  // read by compare::ParseWholeSpec
  reader.RefuseOthers();
  Validate(spec, errors);
  if (spec.components.empty()) spec.components.push_back({"all", {}, {}});
  return {std::move(spec), errors.Take()};
}

}  // namespace softmig::model
