#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace softmig::fuzz {

using Bytes = std::span<const std::uint8_t>;

/// Each takes any bytes and throws BrokenInvariant (require.hpp) where what they hold breaks a promise of the code under test.
/// Nothing else may come out: no other exception, no crash, no hang, no leak. Same bytes, same outcome. Always 0, as libFuzzer wants it.

/// A kubeconfig file.
int FuzzKubeconfig(Bytes data);
/// A watch stream: the first line holds the lengths of the chunks (a character each, '0' is 0), the rest is the stream.
int FuzzWatch(Bytes data);
/// The JSON of a SoftMigration's spec.
int FuzzSpec(Bytes data);
/// {"spec": …, "status": …, "seen": …} of a SoftMigration; see status.cpp.
int FuzzStatus(Bytes data);
/// An answer of Prometheus: the HTTP status on the first line, then the body.
int FuzzPrometheus(Bytes data);
/// {"route": an HTTPRoute, "spec": of a SoftMigration, "moves": [{"weight": 0–100, "flags": bool, "name": bool}]}.
int FuzzHttpRoute(Bytes data);
/// An answer of the API server: HTTP status, Retry-After (a line each), then the body.
int FuzzStatusError(Bytes data);
/// The name of a field manager.
int FuzzRollbackMark(Bytes data);

/// A query of PromQL.
int FuzzPromql(Bytes data);
/// A range answer of Prometheus: HTTP status, then "start step count" in seconds (a line each), then the body.
int FuzzPrometheusRange(Bytes data);
/// A selection on the first line, the HTTP status on the second, then the body.
int FuzzWeb(Bytes data);
/// An answer of a metrics service: which one (a digit, see services.cpp) and the HTTP status on the first line, then the body.
int FuzzServices(Bytes data);
/// An answer of InfluxDB 2 (CSV): the HTTP status on the first line, then the body.
int FuzzFlux(Bytes data);
/// A stream of Envoy's copies; see ext_proc.cpp.
int FuzzExtProc(Bytes data);

/// Two answers: spec.compare, the target's content encoding and legacy's body on a line each, then the target's body.
int FuzzCompare(Bytes data);

struct Target {
  std::string_view name;  ///< of its folder in corpus/
  int (*run)(Bytes);
};
inline constexpr std::array<Target, 15> kTargets{{{"kubeconfig", FuzzKubeconfig},
                                                  {"watch", FuzzWatch},
                                                  {"spec", FuzzSpec},
                                                  {"status", FuzzStatus},
                                                  {"prometheus", FuzzPrometheus},
                                                  {"http_route", FuzzHttpRoute},
                                                  {"status_error", FuzzStatusError},
                                                  {"rollback_mark", FuzzRollbackMark},
                                                  {"promql", FuzzPromql},
                                                  {"prometheus_range", FuzzPrometheusRange},
                                                  {"web", FuzzWeb},
                                                  {"services", FuzzServices},
                                                  {"flux", FuzzFlux},
                                                  {"compare", FuzzCompare},
                                                  {"ext_proc", FuzzExtProc}}};

}  // namespace softmig::fuzz
