#include "agent/settings/agent_host.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/hash.hpp"

namespace softmig::agent {
namespace {

constexpr std::chrono::seconds kRetry{1};

}  // namespace

AgentHost::AgentHost(Options options, SettingsFolder folder, const base::Clock& clock, base::Log& log)
    : options_(std::move(options)), clock_(clock), log_(log), folder_(std::move(folder)) {
  if (auto stored = folder_.Stored(kAgentFile)) latest_.agent = std::move(*stored);
  if (auto stored = folder_.Stored(kRoutesFile)) latest_.envoy.emplace(kRoutesFile, std::move(*stored));
}

std::string AgentHost::Routes() const {
  const std::lock_guard lock(mutex_);
  const auto routes = latest_.envoy.find(kRoutesFile);
  if (!is_stored_ || routes == latest_.envoy.end()) return {};
  return fmt::format("{:016x}", base::Fnv1a(routes->second));
}

void AgentHost::Take(BridgeSettings settings) {
  const auto parsed = ParseAgentConfig(settings.agent);
  if (!parsed) log_.Error("configuration is refused", {{"error", parsed.error().message}});
  const std::lock_guard lock(mutex_);
  if (!parsed) settings.agent = latest_.agent;  // users are routed as they should be, whatever the agent is told
  latest_ = std::move(settings);
  StoreLatest();
}

void AgentHost::Tick() {
  if (auto wanted = WantedNow()) Start(std::move(*wanted));
}

std::optional<std::string> AgentHost::WantedNow() {
  const std::lock_guard lock(mutex_);
  const base::SteadyTime now = clock_.SteadyNow();
  if (now < next_try_) return std::nullopt;
  if (!is_stored_) StoreLatest();
  if (!is_stored_) next_try_ = now + kRetry;
  if (latest_.agent.empty() || latest_.agent == tried_) return std::nullopt;
  return latest_.agent;
}

void AgentHost::StoreLatest() {
  const base::Status stored = folder_.Store(latest_);
  is_stored_ = stored.has_value();
  if (!is_stored_) log_.Error("settings are not stored", {{"error", stored.error().message}});
}

void AgentHost::Start(std::string config) {
  tried_ = std::move(config);
  auto parsed = ParseAgentConfig(tried_);
  if (!parsed) return log_.Error("configuration is refused", {{"error", parsed.error().message}});
  auto digest = compare::ValueDigest::Make(options_.digest_key);
  if (!digest) return log_.Error("configuration is refused", {{"error", digest.error().message}});
  agent_.reset();  // the new one listens at the same addresses
  AgentOptions options = options_.agent;
  options.epoch = options_.make_epoch();
  options.routes = [this] { return Routes(); };
  auto agent = Agent::Make(std::move(*parsed), options, std::move(*digest), clock_, log_);
  if (agent) {
    agent_ = std::move(*agent);
    return;
  }
  log_.Error("agent does not start", {{"error", agent.error().message}});
  tried_.clear();
  next_try_ = clock_.SteadyNow() + kRetry;
}

}  // namespace softmig::agent
