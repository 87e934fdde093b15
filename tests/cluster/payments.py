"""The payments API in its two versions, for tests: manifests, and what its pods are told to do wrong."""

from __future__ import annotations

import json

from harness import Cluster, HarnessError, Object

PORT = 8080
HOST = "payments.example.com"


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def version(space: str, name: str, replicas: int = 1) -> list[Object]:
    """Deployment and Service payments-NAME; `name`: legacy or next."""
    labels = {"app": "payments", "version": name}
    metadata = {"namespace": space, "name": f"payments-{name}"}
    container = {
        "name": "api", "image": f"registry.example.com/shop/payments-api:{name}",
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1},
    }
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT)}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations},
                         "spec": {"containers": [container], "terminationGracePeriodSeconds": 3}}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {
            "selector": labels, "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]}},
    ]


def route(space: str, legacy: int, target: int, name: str = "payments", host: str = HOST) -> Object:
    """An HTTPRoute with one rule and these weights."""
    def backend(side: str, weight: int) -> Object:
        return {"group": "", "kind": "Service", "name": f"payments-{side}", "port": PORT, "weight": weight}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"namespace": space, "name": name}, "spec": {
            "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "projectcontour", "name": "gw"}],
            "hostnames": [host],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                       "backendRefs": [backend("legacy", legacy), backend("next", target)]}]}}


def set_fault(cluster: Cluster, space: str, name: str, **fault: float) -> None:
    """Each pod of that version has this fault from now on (tests/programs); what is not named stays as it is."""
    pods = cluster.api.list(f"/api/v1/namespaces/{space}/pods", {"labelSelector": f"version={name}"})
    if not pods:
        raise HarnessError(f"no pod of version {name} is there to have a fault")
    for pod in pods:
        answer = cluster.http(f"http://{pod['status']['podIP']}:{PORT}/fault", "POST", json.dumps(fault))
        if answer.status >= 300:
            raise HarnessError(f"the fault could not be switched: {answer.status} {answer.body}")
