#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "http/transport.hpp"

/// What both client adapters share.
namespace softmig::http {

/// A longer answer header ends with kInvalid.
inline constexpr std::size_t kMaxAnswerHeader = 64U << 10U;

/// One exchange as both adapters run it: a request, its limits, and where the answer goes.
struct ExchangePlan {
  Request request;
  Url url;
  base::Millis limit{};  ///< the whole time, or the longest silence where `limit_is_idle`
  bool limit_is_idle = false;
  std::size_t max_body = 0;
  std::function<bool()> may_send;
  StreamCallbacks callbacks;
};

/// Checks URL and header fields (no line breaks, so nobody's text becomes a header). kInvalid where they are wrong.
base::Result<ExchangePlan> PlanExchange(Request request);
/// A plan whose pieces are collected into one Response and handed to `done`. `done` is left untouched on failure.
base::Result<ExchangePlan> PlanSend(Request request, SendOptions& options, std::function<void(base::Result<Response>)>& done);

/// "host:port", brackets around an IPv6 host.
std::string HostPort(const Url& url);
/// The Host field: the port only where it is not the scheme's own.
std::string HostField(const Url& url);
/// True for the fields the transport itself writes: Host, Content-Length, Transfer-Encoding, Connection, and such.
bool IsTransportField(std::string_view name);
/// "GET host:port: reason". Never with path, query or headers: they may carry secrets.
base::Error Failure(const ExchangePlan& plan, base::ErrorCode code, std::string_view reason);

/// Lets callbacks through until it is closed. Close waits for one that is running, unless that one is the caller itself.
class CallbackGate {
 public:
  /// True: the caller runs its callback, then calls Leave. False: closed.
  bool Enter();
  void Leave();
  void Close();

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  bool closed_ SM_GUARDED_BY(mutex_) = false;
  bool running_ SM_GUARDED_BY(mutex_) = false;
  std::thread::id runner_ SM_GUARDED_BY(mutex_);
};

/// The same callbacks, silent once `gate` is closed.
StreamCallbacks Gated(std::shared_ptr<CallbackGate> gate, StreamCallbacks callbacks);

}  // namespace softmig::http
