#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/transport.hpp"
#include "sim/core/cluster.hpp"
#include "sim/core/fault_plan.hpp"
#include "sim/core/process.hpp"

namespace softmig::simulator {

/// One request to the API server, taken apart.
struct ApiCall {
  Kind kind = Kind::kOther;
  std::string name;
  std::string subresource;
  bool write = false;
};
ApiCall ReadCall(const http::Request& request);

/// What becomes of one call. Drawn when it is made, so that the plan's windows and the seed decide and nothing else.
struct Fate {
  enum class Kind { kAnswered, kRefused, kUnanswered, kInjected, kLostAnswer };
  Kind kind = Kind::kAnswered;
  int code = 0;   ///< of an injected answer
  Time before{};  ///< from the call to the check of the fence
  Time out{};     ///< to the API server
  Time back{};
};

/// An open watch on its way from the API server to one process.
struct WatchLink {
  std::shared_ptr<Process> process;
  Kind kind = Kind::kOther;
  http::Request request;
  http::StreamCallbacks callbacks;
  std::unique_ptr<FakeWatch> watch;
  bool closed = false;     ///< by the reader, or ended
  bool open = false;       ///< the reader knows that it was accepted
  bool scheduled = false;  ///< a delivery is on its way
};

/// Between the processes and the API server: delays, faults, watches. Not thread-safe.
class Network {
 public:
  /// What the network cannot do itself. Both may throw Crashed when called by a fiber.
  struct Hooks {
    std::function<void(Process&)> kill;
    std::function<void(Process&, Time)> freeze;
  };

  Network(Loop& loop, Random& random, Cluster& cluster, Transcript& transcript);
  void SetHooks(Hooks hooks) { hooks_ = std::move(hooks); }

  /// Faults that last: from now until End of the same one.
  void Begin(const Fault& fault);
  void End(const Fault& fault);
  void CutWatches(int replica, int kind);

  Fate Draw(const Process& process, const ApiCall& call);
  /// A write is about to leave. REQUIRES: called by a fiber of the process; may throw Crashed.
  void BeforeWrite(Process& process, const ApiCall& call);
  /// The request arrives. The answer, as far as there is one.
  std::optional<http::Response> Arrive(const std::shared_ptr<Process>& process, const http::Request& request, const Sender& sender,
                                       const Fate& fate);
  void Open(const std::shared_ptr<WatchLink>& link);

  /// Until when calls of a replica about an object were hindered by a fault or a long way; the present time while all are.
  [[nodiscard]] Time DisturbedUntil(int replica, const std::string& name) const;
  /// Since when the watches of a replica have not been hindered by anything.
  [[nodiscard]] Time WatchesCalmSince(int replica) const;

  struct Counts {
    std::uint64_t writes = 0, reads = 0, faults = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Where a run of the systematic search decides what becomes of a call.
  void SetChooser(Chooser* chooser) { chooser_ = chooser; }
  /// From now on nothing is drawn but short ways.
  void Calm() { calm_ = true; }
  /// Faults that wait for a write come no more.
  void Disarm() { at_write_.clear(); }

 private:
  struct Pending {
    Fault fault;
    int seen = 0;
  };

  friend class ApiTransport;
  void Disturb(int replica, const std::string& name, Time until);
  [[nodiscard]] const Fault* Active(FaultKind kind, int replica, int what = -2) const;
  void DrawFault(const Process& process, const ApiCall& call, Fate& fate);
  void ChooseFate(const ApiCall& call, Fate& fate);
  Time DrawWay();
  void OnChange();
  void Schedule(const std::shared_ptr<WatchLink>& link);
  void Deliver(const std::shared_ptr<WatchLink>& link);
  void Accept(const std::shared_ptr<WatchLink>& link);
  void EndLink(const std::shared_ptr<WatchLink>& link, base::Status end);
  void Bookmark(const std::shared_ptr<WatchLink>& link);

  Loop& loop_;
  Random& random_;
  Cluster& cluster_;
  Transcript& transcript_;
  Hooks hooks_;
  std::vector<Fault> active_;
  std::vector<Pending> at_write_;
  std::vector<std::weak_ptr<WatchLink>> links_;
  std::map<std::pair<int, std::string>, Time> disturbed_;
  std::map<int, Time> watch_trouble_;
  Counts counts_;
  Chooser* chooser_ = nullptr;
  bool calm_ = false;
  int crash_after_ = 0;  // the write that leaves now is to be the last of its process
};

/// The API server as one process reaches it.
class ApiTransport final : public http::HttpTransport {
 public:
  /// What the pass that runs on the current fiber has seen; null where none does.
  using View = std::function<std::shared_ptr<const PassView>()>;
  /// Changes a request before it leaves (mutants); false: it is answered `refused` instead.
  using Rewrite = std::function<bool(http::Request&, const ApiCall&)>;

  ApiTransport(Process& process, Loop& loop, Network& network, Transcript& transcript, View view)
      : process_(process), loop_(loop), network_(network), transcript_(transcript), view_(std::move(view)) {}

  /// Told of every write that was answered with 2xx.
  void OnAcknowledged(std::function<void(const ApiCall&, const std::string& version)> told) { acknowledged_ = std::move(told); }
  void OnFailed(std::function<void()> told) { failed_ = std::move(told); }
  void SetRewrite(Rewrite rewrite) { rewrite_ = std::move(rewrite); }
  void Send(http::Request request, http::SendOptions options, std::function<void(base::Result<http::Response>)> done) override;
  std::unique_ptr<http::Stream> OpenStream(http::Request request, base::Millis idle, http::StreamCallbacks callbacks) override;

 private:
  base::Result<http::Response> Exchange(http::Request request, const http::SendOptions& options, const ApiCall& call);

  Process& process_;
  Loop& loop_;
  Network& network_;
  Transcript& transcript_;
  View view_;
  Rewrite rewrite_;
  std::function<void(const ApiCall&, const std::string&)> acknowledged_;
  std::function<void()> failed_;
};

}  // namespace softmig::simulator
