#include "routers/route_kinds.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/core/known_types.hpp"
#include "model/codec.hpp"
#include "routers/bridge/bridge_objects.hpp"
#include "routers/bridge/bridge_router.hpp"
#include "routers/contour/http_proxy_router.hpp"
#include "routers/custom/custom_router.hpp"
#include "routers/gatewayapi/grpc_route_router.hpp"
#include "routers/gatewayapi/http_route_router.hpp"
#include "routers/istio/virtual_service_router.hpp"
#include "routers/nginx/canary_ingress_router.hpp"
#include "routers/service/service_router.hpp"
#include "routers/traefik/traefik_service_router.hpp"

namespace softmig::routers {
namespace {

using model::RouteKind;

template <typename Router>
std::unique_ptr<TrafficRouter> New() {
  return std::make_unique<Router>();
}

constexpr int kMaxDepth = 32;  // what is deeper is no reference of any kind

bool IsReferenceTo(const nlohmann::json& value, const kube::ObjectKey& service, const std::string& ns) {
  if (TextMember(&value, "name") != service.name || Member(&value, "port") == nullptr) return false;
  const std::string kind = TextMember(&value, "kind");
  const std::string in = TextMember(&value, "namespace");
  return (kind.empty() || kind == kube::kServices.kind) && (in.empty() ? ns : in) == service.ns;
}

/// As a host name, of which the first label is the Service's and the second its namespace, or as a word that is called a service.
bool IsHostOf(const nlohmann::json& value, const kube::ObjectKey& service, const std::string& ns) {
  for (const char* member : {"host", "service"}) {
    const std::string word = TextMember(&value, member);
    if (word == service.name && ns == service.ns) return true;
    const std::string full = service.name + "." + service.ns;
    if (word == full || word.starts_with(full + ".")) return true;
  }
  return false;
}

bool HasReferenceTo(const nlohmann::json& value, const kube::ObjectKey& service, const std::string& ns, int depth) {
  if (depth == 0 || !value.is_structured()) return false;
  return IsReferenceTo(value, service, ns) || IsHostOf(value, service, ns) ||
         std::ranges::any_of(value, [&](const nlohmann::json& inner) { return HasReferenceTo(inner, service, ns, depth - 1); });
}

std::vector<RouteKindRow> MakeRows() {
  return {{RouteKind::kHttpRoute, kube::kHttpRoutes, "", {"spec", "status"}, {kTemplateMark}, kRulesField, New<HttpRouteRouter>},
          {RouteKind::kGrpcRoute, kube::kGrpcRoutes, "", {"spec", "status"}, {kTemplateMark}, kRulesField, New<GrpcRouteRouter>},
          {RouteKind::kHttpProxy, kube::kHttpProxies, "", {"spec", "status"}, {kTemplateMark}, kProxyDialect.steered, New<HttpProxyRouter>},
          {RouteKind::kVirtualService,
           kube::kVirtualServices,
           "",
           {"spec", "status"},
           {kTemplateMark},
           kVirtualServiceDialect.steered,
           New<VirtualServiceRouter>},
          {RouteKind::kTraefikService,
           kube::kTraefikServices,
           "",
           {"spec"},
           {kTemplateMark},
           kTraefikDialect.steered,
           New<TraefikServiceRouter>},
          {RouteKind::kCanaryIngress, kube::kIngresses, "", {"spec"}, CanaryAnnotations(), kCanaryField, New<CanaryIngressRouter>},
          {RouteKind::kService, kube::kServices, "", {"spec"}, {}, kServiceField, New<ServiceRouter>},
          {RouteKind::kBridge,
           kube::kConfigMaps,
           std::string(kBridgeLabel),
           {"data"},
           {std::string(kBridgeAnnotation)},
           kBridgeField,
           New<BridgeRouter>}};
}

}  // namespace

std::span<const RouteKindRow> RouteKinds() {
  static const std::vector<RouteKindRow> kRows = MakeRows();
  return kRows;
}

std::string IdOf(const RouteKindRow& row) {
  if (row.kind != RouteKind::kCustom) return std::string(model::Name(row.kind));
  return row.type.ApiVersion() + "/" + row.type.kind;
}

RouteKindRow CustomRow(const kube::ResourceType& type) {
  return {RouteKind::kCustom, type, "", {"spec", "status"}, {}, kCustomField, New<CustomRouter>};
}

const RouteKindRow& RowOf(model::RouteKind kind) { return *std::ranges::find(RouteKinds(), kind, &RouteKindRow::kind); }

bool MayLeadTo(const nlohmann::json& object, const kube::ObjectKey& service) {
  const nlohmann::json* spec = Member(&object, "spec");
  return spec != nullptr && HasReferenceTo(*spec, service, TextMember(Member(&object, "metadata"), "namespace"), kMaxDepth);
}

}  // namespace softmig::routers
