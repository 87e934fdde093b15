# The operator's image: built on Debian 12, and then nothing in it but the program, its libraries and the system's CAs.
#
# NOT RUN: this file was written where no container engine was at hand. The list of libraries is taken by ldd at build time, so
# that it cannot go stale, but the first `docker build` may still show a mistake. The image has no shell.
#
#   docker build -t softmigration-operator:dev .

FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates cmake g++ libboost-dev libboost-system-dev libboost-thread-dev libbrotli-dev libcli11-dev libcpprest-dev libgrpc++-dev \
      libprotobuf-dev libre2-dev protobuf-compiler protobuf-compiler-grpc libsimdjson-dev libspdlog-dev libssl-dev libyaml-cpp-dev ninja-build nlohmann-json3-dev pkg-config prometheus-cpp-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY operator operator
RUN cmake --preset release -DSOFTMIG_BUILD_TESTS=OFF && cmake --build --preset release --target softmigration-operator
# The program, stripped, and each library it loads at its own path, links followed; the loader is among them.
RUN mkdir -p /image/usr/bin /image/etc/ssl/certs \
    && strip -o /image/usr/bin/softmigration-operator build/release/bin/softmigration-operator \
    && ldd build/release/bin/softmigration-operator | grep -o '/[^ ]*' | sort -u \
       | while read -r library; do mkdir -p "/image$(dirname "$library")" && cp -L "$library" "/image$library"; done \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/softmigration-operator"]
