#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/serve/agent_config.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "compare/value_digest.hpp"
#include "http/server.hpp"

namespace softmig::agent {

struct AgentOptions {
  std::string copies_address = "127.0.0.1:9901";  ///< for Envoy's ext_proc filter: host:port or unix:/path
  http::ServerOptions http;                       ///< for /v1/counts, /v1/differences, /metrics and /healthz
  std::string epoch;                              ///< another one each time the agent begins
  /// What /v1/counts says of the routes that Envoy was handed; empty: nothing. Must be thread-safe and outlive the agent.
  std::function<std::string()> routes{};
};

/// The whole agent: streams of copies are captured, asked again at the other side, compared and counted. Confined to the thread that made
/// it; destroying it ends everything, and whatever was under way is counted as dropped.
class Agent {
 public:
  /// `clock` and `log` must outlive it. kUnavailable where an address cannot be bound.
  static base::Result<std::unique_ptr<Agent>> Make(AgentConfig config, const AgentOptions& options, compare::ValueDigest digest,
                                                   const base::Clock& clock, base::Log& log);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  [[nodiscard]] std::uint16_t copies_port() const;
  [[nodiscard]] std::uint16_t http_port() const;

 private:
  class Impl;
  explicit Agent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::agent
