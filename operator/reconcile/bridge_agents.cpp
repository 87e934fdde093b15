#include "reconcile/bridge_agents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/mutex.hpp"
#include "kube/core/json_text.hpp"
#include "providers/answer.hpp"
#include "routers/bridge/bridge_files.hpp"

namespace softmig::reconcile {
namespace {

using kube::ObjectKey;

constexpr std::chrono::milliseconds kEvery{1'000};
constexpr base::Millis kDeadline{900};

std::string UrlOf(const std::string& address) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/v1/counts", is_v6 ? "[" : "", address, is_v6 ? "]" : "", routers::kBridgeCountsPort);
}

/// An agent's answer.
struct Said {
  std::string routes;  ///< empty where it does not say it
  base::Result<providers::BridgeCounts> counts = base::Fail(base::ErrorCode::kUnavailable, "no answer");
};

Said Read(const base::Result<http::Response>& answer) {
  Said said;
  if (!answer) {
    said.counts = base::Fail(answer.error());
    return said;
  }
  if (answer->status != 200) {
    said.counts = base::Fail(base::ErrorCode::kUnavailable, fmt::format("the agent answers HTTP {}", answer->status));
    return said;
  }
  const auto body = providers::ParseBody(answer->body);
  if (!body) {
    said.counts = base::Fail(base::ErrorCode::kInvalid, "the agent's answer is no JSON");
    return said;
  }
  said.routes = kube::StringField(*body, "routes");
  said.counts = providers::ReadBridgeCounts(*body);
  return said;
}

struct Agent {
  std::string routes;
  bool is_asked = false;                                          // a question is under way
  bool is_late = false;                                           // it is one of an earlier round
  std::optional<base::Result<providers::BridgeCounts>> counts{};  // its answer in this round
};

struct Bridge {
  std::string name;
  std::map<std::string, Agent> agents{};  // by address: the ready pods as of the last round
  base::WallTime asked_at{};
  bool is_told = true;  // nothing was asked yet, or the round was told
};

bool IsComplete(const Bridge& bridge) {
  return std::ranges::all_of(bridge.agents, [](const auto& entry) { return entry.second.counts.has_value(); });
}

BridgeRound RoundOf(const Bridge& bridge) {
  BridgeRound round{bridge.asked_at};
  if (bridge.agents.empty()) round.problem = fmt::format("no pod of bridge {} is ready", bridge.name);
  for (const auto& [address, agent] : bridge.agents) {
    if (agent.counts && *agent.counts) {
      round.agents.push_back({address, **agent.counts});
      continue;
    }
    if (round.problem.empty()) {
      round.problem = fmt::format("pod {}: {}", address, agent.counts ? agent.counts->error().message : "no answer within a second");
    }
  }
  if (!round.problem.empty()) round.agents.clear();
  return round;
}

}  // namespace

class BridgeAgents::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(Parts parts) : parts_(std::move(parts)) {}

  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      lock.unlock();
      AskAll();
      lock.lock();
      changed_.wait_for(lock, stop, kEvery, [] { return false; });
    }
  }

  void AskAll() {
    std::vector<std::pair<ObjectKey, std::string>> questions;
    std::vector<std::pair<ObjectKey, BridgeRound>> unanswered;
    const base::WallTime now = parts_.clock.WallNow();
    {
      const std::scoped_lock lock(mutex_);
      for (auto& [migration, bridge] : bridges_) {
        if (!bridge.is_told) unanswered.emplace_back(migration, RoundOf(bridge));
        Refresh(migration, bridge, questions);
        bridge.asked_at = now;
        bridge.is_told = false;
      }
    }
    for (const auto& [migration, round] : unanswered) parts_.told(migration, round);
    for (const auto& [migration, address] : questions) Ask(migration, address);
  }

  void Want(const ObjectKey& migration, const std::string& name) {
    const std::scoped_lock lock(mutex_);
    Bridge& bridge = bridges_[migration];
    if (bridge.name == name) return;
    bridge = {name};
  }

  void Forget(const ObjectKey& migration) {
    const std::scoped_lock lock(mutex_);
    bridges_.erase(migration);
  }

  [[nodiscard]] std::vector<std::string> RoutesOf(const ObjectKey& migration) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> routes;
    const auto bridge = bridges_.find(migration);
    if (bridge == bridges_.end()) return routes;
    for (const auto& [address, agent] : bridge->second.agents) routes.push_back(agent.routes);
    return routes;
  }

 private:
  void Refresh(const ObjectKey& migration, Bridge& bridge, std::vector<std::pair<ObjectKey, std::string>>& questions) SM_REQUIRES(mutex_) {
    std::map<std::string, Agent> agents;
    for (const std::string& address : parts_.cache.Addresses({migration.ns, bridge.name})) {
      const auto known = bridge.agents.find(address);
      Agent& agent = agents[address] = known == bridge.agents.end() ? Agent() : known->second;
      agent.counts.reset();
      agent.is_late = agent.is_asked;
      if (agent.is_asked) continue;
      agent.is_asked = true;
      questions.emplace_back(migration, address);
    }
    bridge.agents = std::move(agents);
  }

  void Ask(const ObjectKey& migration, const std::string& address) {
    http::Request request;
    request.url = UrlOf(address);
    http::SendOptions options;
    options.deadline = kDeadline;
    options.max_body = providers::kMaxBody;
    parts_.transport.Send(std::move(request), std::move(options),
                          [weak = weak_from_this(), migration, address](const base::Result<http::Response>& answer) {
                            if (const auto self = weak.lock()) self->Answered(migration, address, Read(answer));
                          });
  }

  void Answered(const ObjectKey& migration, const std::string& address, Said said) {
    bool is_news = false;
    std::optional<BridgeRound> round;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = bridges_.find(migration);
      if (found == bridges_.end()) return;
      Bridge& bridge = found->second;
      const auto agent = bridge.agents.find(address);
      if (agent == bridge.agents.end()) return;
      is_news = agent->second.routes != said.routes;
      agent->second.routes = std::move(said.routes);
      agent->second.is_asked = false;
      if (!agent->second.is_late) agent->second.counts = std::move(said.counts);
      if (!bridge.is_told && IsComplete(bridge)) {
        bridge.is_told = true;
        round = RoundOf(bridge);
      }
    }
    if (round) parts_.told(migration, *round);
    if (is_news) parts_.wake(migration);
  }

  const Parts parts_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<ObjectKey, Bridge> bridges_ SM_GUARDED_BY(mutex_);
  // Last member: its thread uses all of the above.
  friend class BridgeAgents;
  std::jthread thread_;
};

BridgeAgents::BridgeAgents(Parts parts) : impl_(std::make_shared<Impl>(std::move(parts))) {}

BridgeAgents::~BridgeAgents() { Stop(); }

void BridgeAgents::Start() {
  impl_->thread_ = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->Run(stop); });
}

void BridgeAgents::AskAll() { impl_->AskAll(); }

void BridgeAgents::Stop() {
  impl_->thread_.request_stop();
  if (impl_->thread_.joinable()) impl_->thread_.join();
}

void BridgeAgents::Want(const ObjectKey& migration, const std::string& bridge) { impl_->Want(migration, bridge); }
void BridgeAgents::Forget(const ObjectKey& migration) { impl_->Forget(migration); }
std::vector<std::string> BridgeAgents::RoutesOf(const ObjectKey& migration) const { return impl_->RoutesOf(migration); }

}  // namespace softmig::reconcile
