#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::kube {

enum class EventType { kNormal, kWarning };

/// One thing to tell about an object.
struct EventNote {
  ResourceType regarding_type;
  ObjectKey regarding;
  std::string regarding_uid;
  EventType type = EventType::kNormal;
  std::string reason;  ///< PascalCase, at most 128 bytes
  std::string action;  ///< PascalCase, at most 128 bytes
  std::string note;    ///< cut at 1,000 bytes
};

/// Where notes about objects go. Thread-safe.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Record(EventNote note) = 0;
};

/// Writes events.k8s.io/v1 Events, best effort: the same (object, type, reason, action, note) again within 6 minutes becomes a series
/// (count patched at most once in 30 s). At most 50 a second. Queue bound 4,096, the oldest is
/// dropped and counted. Own thread. Thread-safe.
class EventRecorder final : public EventSink {
 public:
  EventRecorder(RestClient& client, std::string controller, std::string instance, const base::Clock& clock, base::Log& log);
  ~EventRecorder() override;
  void Record(EventNote note) override;
  /// From now on nothing is sent while `may_send` says no: the fence of a leader. Must be thread-safe and quick.
  void OnlyWhile(std::function<bool()> may_send);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace softmig::kube
