"""Where programs and data of the local cluster lie."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .errors import HarnessError

REPOSITORY = Path(__file__).resolve().parents[3]
CLUSTER_FOLDER = REPOSITORY / "tests" / "cluster"

# Programs a user of envtest already has; the rest is always ours.
ENVTEST_PROGRAMS = frozenset({"etcd", "kube-apiserver", "kubectl"})


def cache() -> Path:
    """The folder tools/build_cluster.sh fills."""
    explicit = os.environ.get("SOFTMIG_CACHE")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "softmigration"


def program(name: str) -> str:
    """The path of a program of the cluster. Raises HarnessError that says how to get it."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and name in ENVTEST_PROGRAMS and os.access(Path(assets) / name, os.X_OK):
        return str(Path(assets) / name)
    built = cache() / "bin" / name
    if os.access(built, os.X_OK):
        return str(built)
    found = shutil.which(name, path="/usr/bin:/usr/local/bin:/usr/sbin:/sbin:/bin") if name in ("prometheus", "openssl") else None
    if found:
        return found
    hint = "tools/install_dependencies.sh" if name in ("envoy", "prometheus", "openssl") else "tools/build_cluster.sh"
    raise HarnessError(f"{name} is not there; run {hint}")


def built(name: str) -> str:
    """A program of the project itself. $SOFTMIG_BUILD names the build folder; else the newest build/*/bin/NAME."""
    explicit = os.environ.get("SOFTMIG_BUILD")
    folders = [Path(explicit)] if explicit else [REPOSITORY / "build", *sorted((REPOSITORY / "build").glob("*"))]
    found = [folder / "bin" / name for folder in folders if os.access(folder / "bin" / name, os.X_OK)]
    if not found:
        where = explicit or "build"
        raise HarnessError(f"{name} is not built in {where}; build it with cmake --preset release && cmake --build --preset release")
    return str(max(found, key=lambda path: path.stat().st_mtime))


def crd_list(name: str) -> Path:
    """A JSON list of CustomResourceDefinitions: "gateway-api", "contour", "istio", "traefik" or "prometheus-operator"."""
    path = cache() / "crds" / f"{name}.json"
    if not path.exists():
        raise HarnessError(f"{path} is not there; run tools/build_cluster.sh")
    return path


def schemas() -> Path:
    """A folder vVERSION for each Kubernetes, with the JSON Schemas of its kinds (kubeconform.py)."""
    path = cache() / "schemas"
    if not path.exists():
        raise HarnessError(f"{path} is not there; run tools/build_cluster.sh")
    return path


def default_state(name: str) -> Path:
    """The state folder of the cluster called `name`: $TMPDIR where it is set, else the build folder."""
    base = os.environ.get("TMPDIR")
    root = Path(base) / "softmigration" if base else REPOSITORY / "build" / "cluster"
    return root / name
