"""Brings a running cluster back to how it was right after its start."""

from __future__ import annotations

from collections.abc import Iterable

from .api import ApiClient, ApiError, Object
from .process import wait_for

KEPT_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease", "projectcontour"})
_CLUSTER_WIDE = (
    "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
)
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_CREATORS = ("deployments", "jobs", "replicasets")
# Made again by the control plane itself, or not worth deleting.
_LEFT_ALONE = frozenset({"events", "endpointslices", "endpoints", "serviceaccounts", "controllerrevisions", "pods"})

Baseline = dict[str, frozenset[str]]


def baseline(api: ApiClient) -> Baseline:
    """What is there before any test."""
    return {path: _names(api, path) for path in (*_CLUSTER_WIDE, _DEFINITIONS)}


def reset(api: ApiClient, start: Baseline, definitions: bool) -> None:
    """Deletes namespaces, objects in "default" and cluster-wide objects made since `start`; custom resource
    definitions too where `definitions` says so. Finalizers are removed: nobody may be left to honour them."""
    resources = _namespaced_resources(api)
    spaces = [item["metadata"]["name"] for item in api.list("/api/v1/namespaces")]
    users = [name for name in spaces if name not in KEPT_NAMESPACES]
    for name in [*users, "default"]:
        _empty(api, name, resources)
    for name in users:
        api.delete(f"/api/v1/namespaces/{name}")
    for path in (*_CLUSTER_WIDE, *([_DEFINITIONS] if definitions else [])):
        for name in _names(api, path) - start[path]:
            api.delete(f"{path}/{name}")
    wait_for(lambda: _names(api, "/api/v1/namespaces") <= KEPT_NAMESPACES, 60, "the namespaces of the tests are gone")


def _names(api: ApiClient, path: str) -> frozenset[str]:
    return frozenset(item["metadata"]["name"] for item in api.list(path))


def _namespaced_resources(api: ApiClient) -> list[tuple[str, str]]:
    """(root path, plural) of each kind that can be deleted, those that make others first."""
    roots = ["/api/v1"]
    for group in api.get("/apis")["groups"]:
        roots.append(f"/apis/{group['preferredVersion']['groupVersion']}")
    found = []
    for root in roots:
        for resource in (api.find(root) or {}).get("resources", []):
            if resource["namespaced"] and "delete" in resource["verbs"] and "/" not in resource["name"]:
                if resource["name"] not in _LEFT_ALONE:
                    found.append((root, resource["name"]))
    return sorted(found, key=lambda item: _CREATORS.index(item[1]) if item[1] in _CREATORS else len(_CREATORS))


def _empty(api: ApiClient, namespace: str, resources: Iterable[tuple[str, str]]) -> None:
    for root, plural in resources:
        path = f"{root}/namespaces/{namespace}/{plural}"
        for item in api.list(path):
            _delete(api, path, item, namespace)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    for pod in api.list(pods):
        api.delete(f"{pods}/{pod['metadata']['name']}", grace=1)
    wait_for(lambda: not api.list(pods), 30, f"the pods of {namespace} are gone")


def _delete(api: ApiClient, path: str, item: Object, namespace: str) -> None:
    name = item["metadata"]["name"]
    if namespace == "default" and (plural := path.rpartition("/")[2]) and (plural, name) in (
            ("services", "kubernetes"), ("configmaps", "kube-root-ca.crt")):
        return
    try:
        if item["metadata"].get("finalizers"):
            api.patch(f"{path}/{name}", {"metadata": {"finalizers": None}})
        api.delete(f"{path}/{name}")
    except ApiError as error:
        if error.status not in (404, 405, 409):
            raise
