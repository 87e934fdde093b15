# One image with all programs, and nothing else but the libraries they load and the authorities' certificates: no shell, no package manager.
# It runs the operator; an agent's container names its program: `command: [/usr/bin/softmigration-agent]`.
#
#   docker build -t softmigration:dev .
#
# No container engine has built this yet. `make image-root` runs these lines one by one on a clean Debian 12 and checks what comes out; what of
# that was done stands in docs/operations.md, "The image". It reads this file itself, and knows only the instructions used here.

FROM debian:12-slim AS build
WORKDIR /source
COPY tools/build_image_root.sh tools/
RUN tools/build_image_root.sh packages
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY operator operator
RUN tools/build_image_root.sh compile
RUN tools/build_image_root.sh assemble /image

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/softmigration-operator"]
