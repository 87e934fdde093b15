"""The local cluster: see README.md beside this folder."""

from .api import ApiClient, ApiError, Object
from .cluster import API_ONLY, CONTROLLERS, FULL, GATEWAY, PODS, PROMETHEUS, Answer, Cluster, Options
from .errors import HarnessError
from .process import Process, wait_for

__all__ = ["API_ONLY", "CONTROLLERS", "FULL", "GATEWAY", "PODS", "PROMETHEUS", "Answer", "ApiClient", "ApiError", "Cluster",
           "HarnessError", "Object", "Options", "Process", "wait_for"]
