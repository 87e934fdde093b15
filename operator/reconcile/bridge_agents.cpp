#include "reconcile/bridge_agents.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/mutex.hpp"
#include "kube/core/json_text.hpp"
#include "routers/bridge/bridge_files.hpp"

namespace softmig::reconcile {
namespace {

using kube::ObjectKey;

constexpr std::chrono::milliseconds kEvery{1'000};
constexpr base::Millis kDeadline{900};
constexpr std::size_t kLongestAnswer = 1U << 20U;

std::string UrlOf(const std::string& address) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/v1/counts", is_v6 ? "[" : "", address, is_v6 ? "]" : "", routers::kBridgeCountsPort);
}

/// Empty for any answer that does not say it.
std::string RoutesIn(const base::Result<http::Response>& answer) {
  if (!answer || answer->status != 200) return {};
  const auto counts = kube::ParseJson(answer->body);
  return counts ? kube::StringField(*counts, "routes") : std::string();
}

}  // namespace

class BridgeAgents::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(http::HttpTransport& transport, const Cache& cache, Wake wake) : transport_(transport), cache_(cache), wake_(std::move(wake)) {}

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
    {
      const std::scoped_lock lock(mutex_);
      for (auto& [migration, bridge] : bridges_) Refresh(migration, bridge, questions);
    }
    for (const auto& [migration, address] : questions) Ask(migration, address);
  }

  void Want(const ObjectKey& migration, const std::string& name) {
    const std::scoped_lock lock(mutex_);
    Bridge& bridge = bridges_[migration];
    if (bridge.name == name) return;
    bridge = {name, {}};
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
  struct Agent {
    std::string routes;
    bool is_asked = false;
  };
  struct Bridge {
    std::string name;
    std::map<std::string, Agent> agents;  // by address: the ready pods as of the last round
  };

  void Refresh(const ObjectKey& migration, Bridge& bridge, std::vector<std::pair<ObjectKey, std::string>>& questions) SM_REQUIRES(mutex_) {
    std::map<std::string, Agent> agents;
    for (const std::string& address : cache_.Addresses({migration.ns, bridge.name})) {
      const auto known = bridge.agents.find(address);
      Agent& agent = agents[address] = known == bridge.agents.end() ? Agent() : known->second;
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
    options.max_body = kLongestAnswer;
    transport_.Send(std::move(request), std::move(options),
                    [weak = weak_from_this(), migration, address](const base::Result<http::Response>& answer) {
                      if (const auto self = weak.lock()) self->Answered(migration, address, RoutesIn(answer));
                    });
  }

  void Answered(const ObjectKey& migration, const std::string& address, std::string routes) {
    {
      const std::scoped_lock lock(mutex_);
      const auto bridge = bridges_.find(migration);
      if (bridge == bridges_.end()) return;
      const auto agent = bridge->second.agents.find(address);
      if (agent == bridge->second.agents.end()) return;
      agent->second.is_asked = false;
      if (agent->second.routes == routes) return;
      agent->second.routes = std::move(routes);
    }
    wake_(migration);
  }

  http::HttpTransport& transport_;
  const Cache& cache_;
  const Wake wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<ObjectKey, Bridge> bridges_ SM_GUARDED_BY(mutex_);
  // Last member: its thread uses all of the above.
  friend class BridgeAgents;
  std::jthread thread_;
};

BridgeAgents::BridgeAgents(http::HttpTransport& transport, const Cache& cache, Wake wake)
    : impl_(std::make_shared<Impl>(transport, cache, std::move(wake))) {}

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
