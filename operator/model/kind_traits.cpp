#include "model/kind_traits.hpp"

#include <algorithm>
#include <array>

namespace softmig::model {
namespace {

constexpr std::array<KindTraits, 9> kKinds{{
    {RouteKind::kHttpRoute, "httproute", "gatewayAPI.name", "an HTTPRoute", true, true, true},
    {RouteKind::kGrpcRoute, "grpcroute", "gatewayAPI.name", "a GRPCRoute", true, false, true},
    {RouteKind::kHttpProxy, "httpproxy", "contour.httpProxy", "an HTTPProxy", false, true, false},
    {RouteKind::kVirtualService, "virtualservice", "istio.virtualService", "a VirtualService", true, true, false},
    {RouteKind::kTraefikService, "traefikservice", "traefik.traefikService", "a TraefikService", false, false, false},
    {RouteKind::kCanaryIngress, "canaryingress", "nginx.canaryIngress", "a canary Ingress", false, false, false},
    {RouteKind::kService, "service", "service.name", "a Service", false, false, false, true},
    {RouteKind::kCustom, "custom", "custom.name", "a custom route", false, false, false},
    {RouteKind::kBridge, "bridge", "bridge.name", "a bridge", false, true, true},
}};

}  // namespace

const KindTraits& TraitsOf(RouteKind kind) {
  const auto* const found = std::ranges::find(kKinds, kind, &KindTraits::kind);
  return found == kKinds.end() ? kKinds.front() : *found;
}

}  // namespace softmig::model
