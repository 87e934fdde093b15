#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "async_server/async_server.hpp"

namespace softmig::programs {

/// What goes wrong on purpose. Deterministic: of N requests exactly floor(N * error_rate) fail, of N answers that show a payment exactly
/// floor(N * wrong_amount_rate) show another amount.
struct Fault {
  double error_rate = 0;         ///< 0 to 1
  double wrong_amount_rate = 0;  ///< 0 to 1
  base::Millis latency{0};
  std::int64_t most_reads = 0;   ///< of payments in a second; those beyond fail. 0: no limit
  std::string without_currency;  ///< payments whose id ends so have no currency; empty: all have one
  bool trace = false;            ///< each payment shown has a number of its own that says nothing
};

/// A payments API in one of two versions. Holds no data: any id is answered, so that a user may create a payment at
/// one version and read it at the other. Not thread-safe: the server has one thread.
class Payments {
 public:
  explicit Payments(std::string version);

  /// What users call: /payments, /payments/{id}, /refunds, /refunds/{id}; also /healthz and /metrics.
  AsyncReply ServeUser(const AsyncRequest& request);
  /// GET and POST /fault: {"error_rate": 0.3, "wrong_amount_rate": 0, "latency_ms": 0, "most_reads": 0, "without_currency": "",
  /// "trace": false}, of which any may be left out; anything else as ServeUser.
  AsyncReply ServeAdmin(const AsyncRequest& request);

 private:
  static constexpr std::array<double, 10> kBounds{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

  AsyncReply Handle(const AsyncRequest& request, std::string_view path);
  AsyncReply Create(std::string_view kind, std::string_view body);
  [[nodiscard]] AsyncReply Show(std::string_view kind, std::string_view id);
  [[nodiscard]] bool IsOverloaded();
  [[nodiscard]] nlohmann::json FaultJson() const;
  AsyncReply SetFault(std::string_view body);
  void Count(const AsyncReply& reply, double seconds);
  [[nodiscard]] std::string Metrics() const;

  std::string version_;
  Fault fault_;
  double owed_errors_ = 0;  ///< due but not yet given
  double owed_amounts_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_trace_ = 1;
  base::SteadyTime second_{};  ///< in which reads are counted
  std::int64_t reads_ = 0;
  std::map<int, std::uint64_t> by_code_{{200, 0}, {201, 0}, {400, 0}, {404, 0}, {500, 0}};
  std::array<std::uint64_t, 11> buckets_{};
  double seconds_ = 0;
};

}  // namespace softmig::programs
