#!/bin/bash
# The steps that make the image's root folder, each by itself so that a container engine can keep what did not change. The Dockerfile runs
# these and nothing else, and tools/check_image.py runs that Dockerfile's lines on a clean Debian 12, so that image and check cannot differ.
#
#   tools/build_image_root.sh packages         installs what the programs are built with (root, Debian 12)
#   tools/build_image_root.sh compile          builds the programs, in build/release
#   tools/build_image_root.sh assemble FOLDER  lays out the image there: programs, stripped, what they load, and where that came from
#
# SOURCE_DATE_EPOCH (default 0) is the time of every file in FOLDER.
set -euo pipefail

# tools/check_image.py --list-only holds these two lists to CMake's programs and to tools/install_dependencies.sh.
PACKAGES=(
  ca-certificates cmake g++ ninja-build pkg-config protobuf-compiler protobuf-compiler-grpc
  libboost-dev libboost-system-dev libboost-thread-dev libbrotli-dev libcli11-dev libcpprest-dev libgrpc++-dev libprotobuf-dev libre2-dev
  libsimdjson-dev libspdlog-dev libssl-dev libyaml-cpp-dev nlohmann-json3-dev prometheus-cpp-dev zlib1g-dev
)
PROGRAMS=(softmigration-operator softmigration-agent kubectl-softmigration softmigration-judge)

fail() { echo "image: $*" >&2; exit 1; }

install_packages() {
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${PACKAGES[@]}"
  rm -rf /var/lib/apt/lists/*
}

# Asserts carry file names: without the folder's name the same source gives the same bytes wherever it lies.
compile() {
  cmake --preset release -DSOFTMIG_BUILD_TESTS=OFF "-DCMAKE_CXX_FLAGS=-ffile-prefix-map=$PWD=."
  cmake --build --preset release --target "${PROGRAMS[@]}"
}

# owner_of FILE: the package it belongs to. dpkg knows some libraries by /lib and others by /usr/lib, which are one folder, and fails for the
# name that it does not know.
owner_of() {
  { dpkg-query --search "$1" "/usr$1" 2>/dev/null || true; } | sed -n '1s/:.*//p'
}

# What scanners read of images without a package manager, and what the licences ask us to pass on.
record_package() {
  local image=$1 package=$2
  [[ -e "$image/var/lib/dpkg/status.d/$package" ]] && return
  dpkg-query --status "$package" >"$image/var/lib/dpkg/status.d/$package"
  install -D -m 644 "/usr/share/doc/$package/copyright" "$image/usr/share/doc/$package/copyright"
}

# Each library at its own path, links followed; the loader is among them.
copy_libraries() {
  local image=$1 library package
  ldd "${PROGRAMS[@]/#/build/release/bin/}" | grep -o '/[^ :]*\.so[^ :]*' | sort -u | while read -r library; do
    install -D -m 755 "$library" "$image$library"
    package=$(owner_of "$library")
    [[ -n "$package" ]] || fail "no package owns $library"
    record_package "$image" "$package"
  done
}

# Kubernetes gives a pod its hosts and resolv.conf; that both are to be asked stands in nsswitch.conf.
copy_settings() {
  local image=$1
  install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/ca-certificates.crt"
  record_package "$image" ca-certificates
  echo 'hosts: files dns' >"$image/etc/nsswitch.conf"
  echo 'nonroot:x:65532:65532::/:/nonexistent' >"$image/etc/passwd"
  echo 'nonroot:x:65532:' >"$image/etc/group"
}

assemble() {
  local image=$1 program
  [[ ! -e "$image" ]] || fail "$image is there already"
  umask 022
  mkdir -p "$image/var/lib/dpkg/status.d"
  for program in "${PROGRAMS[@]}"; do
    install -D -m 755 --strip "build/release/bin/$program" "$image/usr/bin/$program"
  done
  copy_libraries "$image"
  copy_settings "$image"
  find "$image" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
}

case "${1:-}:$#" in
  packages:1) install_packages ;;
  compile:1) compile ;;
  assemble:2) assemble "$2" ;;
  *) fail "usage: tools/build_image_root.sh packages | compile | assemble FOLDER" ;;
esac
