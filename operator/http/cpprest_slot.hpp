#pragma once

#include <cpprest/http_client.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "http/client_common.hpp"
#include "http/tls_context.hpp"

namespace softmig::http {

/// What one slot knows of the exchange that uses it. Belongs to the SDK's thread.
struct SlotState {
  std::shared_ptr<const TlsSettings> tls;
  std::string host;
  bool secure = false;
  SystemCas* system_cas = nullptr;
  std::function<bool()> may_send;  ///< of the exchange in progress; never empty while there is one
  bool started = false;            ///< the SDK asked once already to send the request
  bool fenced = false;             ///< may_send said no
  bool stale = false;              ///< the kept connection was dead; nothing was sent
  std::string tls_error;           ///< why the handshake failed, where it did
};

/// One http_client of the SDK, used by one exchange at a time, and so one connection at most. That makes it known which
/// request a callback of the SDK is about, and keeps an answer out of anybody else's hands whatever the SDK does with a
/// connection: after any failure the whole slot is dropped.
class CpprestSlot {
 public:
  CpprestSlot(const Url& url, std::shared_ptr<const TlsSettings> tls, SystemCas& system_cas);
  web::http::client::http_client& client() { return client_; }
  SlotState& state() { return *state_; }
  /// Makes it ready for one request.
  void Begin(std::function<bool()> may_send);
  /// Asks may_send and notes a no.
  bool MaySendNow();

 private:
  std::shared_ptr<SlotState> state_;
  web::http::client::http_client client_;
};

/// Slots at rest, by origin and settings; the one unused for longest goes first. Belongs to the SDK's thread.
class SlotCache {
 public:
  std::unique_ptr<CpprestSlot> Take(const Url& url, std::shared_ptr<const TlsSettings> tls);
  void Give(const Url& url, std::shared_ptr<const TlsSettings> tls, std::unique_ptr<CpprestSlot> slot);
  void Clear() { idle_.clear(); }
  SystemCas& system_cas() { return system_cas_; }

 private:
  struct Idle {
    std::string origin;
    std::shared_ptr<const TlsSettings> tls;
    std::unique_ptr<CpprestSlot> slot;
  };
  SystemCas system_cas_;
  std::list<Idle> idle_;  ///< used last at the front
};

}  // namespace softmig::http
