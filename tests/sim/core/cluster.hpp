#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sim/api/fake_api_server.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/transcript.hpp"

namespace softmig::simulator {

using sim::Change;
using sim::FakeApiServer;
using sim::FakeWatch;

struct PassView;

/// Which kind of object a request or a watch is about, as faults name it.
enum class Kind { kSoftMigrations, kHttpRoutes, kServices, kEndpointSlices, kLeases, kOther };

/// Who sends a request to the API server. The world (people, gateways) is nobody's process: index -1.
struct Sender {
  int replica = -1;
  std::string process;                   ///< unique name; "" for the world
  std::shared_ptr<const PassView> view;  ///< what the pass that sends had seen when it decided; null outside of passes
};

/// An accepted write with whoever sent it.
struct ClusterChange {
  const Change& change;
  const Sender& sender;
  Kind kind = Kind::kOther;
};

/// The API server and the objects in it, for everybody who is no operator. Not thread-safe.
class Cluster {
 public:
  using Listener = std::function<void(const ClusterChange&)>;
  using ObjectPtr = std::shared_ptr<const nlohmann::json>;

  Cluster(Loop& loop, Transcript& transcript);

  http::Response Handle(const http::Request& request, const Sender& sender);
  FakeApiServer& server() { return server_; }
  /// Called in order, after every accepted write.
  void Listen(Listener listener) { listeners_.push_back(std::move(listener)); }

  // What people and controllers do. The status of the answer.
  int Create(Kind kind, const nlohmann::json& object, const std::string& manager);
  int Merge(Kind kind, const std::string& name, const nlohmann::json& patch, const std::string& manager, const std::string& sub = "");
  int Replace(Kind kind, const nlohmann::json& object, const std::string& manager);
  int Delete(Kind kind, const std::string& name);
  /// A request of the world that made no sense; empty: there was none.
  [[nodiscard]] const std::string& refused() const { return refused_; }
  [[nodiscard]] ObjectPtr Find(Kind kind, const std::string& name) const;

 private:
  int Send(http::Method method, const std::string& path, const nlohmann::json* body, const char* type);

  Loop& loop_;
  Transcript& transcript_;
  MachineClock clock_;
  FakeApiServer server_;
  std::string refused_;
  std::vector<Listener> listeners_;
  const Sender* sender_ = nullptr;
};

const char* Plural(Kind kind);
Kind KindOf(std::string_view plural);

}  // namespace softmig::simulator
