#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "kube/client/rest_client.hpp"
#include "kube/runtime/store.hpp"

namespace softmig::kube {

struct ReflectorOptions {
  ResourceType type;
  std::string ns;              ///< empty: all namespaces
  std::string field_selector;  ///< e.g. "metadata.name=x"
  std::string label_selector;  ///< e.g. "app=x"
  base::Millis idle{150'000};  ///< longer silence than this: the peer is dead (bookmarks come about every 60 s, at times every 120 s)
  base::Millis first_backoff{200};
  base::Millis max_backoff{10'000};
};

/// Keeps a sink equal to the server's objects of one kind: WatchList (sendInitialEvents) with fallback to paged list + watch,
/// bookmarks, 410 as status and as ERROR event, back-off with jitter, dead-peer detection. Own thread from construction
/// to destruction (which takes at most a moment). `client`, `sink`, `clock`, `log` must outlive it.
class Reflector {
 public:
  Reflector(ReflectorOptions options, RestClient& client, ReflectorSink& sink, const base::Clock& clock, base::Log& log);
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  /// Steady time of the last sign of life (event, bookmark, answer); for the WatchStale metric.
  [[nodiscard]] base::SteadyTime LastContact() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::kube
