#pragma once

#include "kube/core/object.hpp"

namespace softmig::kube {

/// The kinds this project reads and writes, in the version that it speaks.
inline const ResourceType kServices{"", "v1", "services", "Service"};
inline const ResourceType kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"};
inline const ResourceType kHttpRoutes{"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"};
inline const ResourceType kGrpcRoutes{"gateway.networking.k8s.io", "v1", "grpcroutes", "GRPCRoute"};
inline const ResourceType kHttpProxies{"projectcontour.io", "v1", "httpproxies", "HTTPProxy"};
inline const ResourceType kVirtualServices{"networking.istio.io", "v1", "virtualservices", "VirtualService"};
inline const ResourceType kTraefikServices{"traefik.io", "v1alpha1", "traefikservices", "TraefikService"};
inline const ResourceType kIngresses{"networking.k8s.io", "v1", "ingresses", "Ingress"};
inline const ResourceType kSecrets{"", "v1", "secrets", "Secret"};
inline const ResourceType kJobs{"batch", "v1", "jobs", "Job"};
inline const ResourceType kCronJobs{"batch", "v1", "cronjobs", "CronJob"};
inline const ResourceType kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline const ResourceType kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount"};
inline const ResourceType kDeployments{"apps", "v1", "deployments", "Deployment"};
inline const ResourceType kRoles{"rbac.authorization.k8s.io", "v1", "roles", "Role"};
inline const ResourceType kRoleBindings{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"};
inline const ResourceType kPodDisruptionBudgets{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"};
inline const ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline const ResourceType kEvents{"events.k8s.io", "v1", "events", "Event"};
inline const ResourceType kSoftMigrations{"softmigration.io", "v1alpha1", "softmigrations", "SoftMigration"};

}  // namespace softmig::kube
