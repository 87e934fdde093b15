#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/mutex.hpp"
#include "kube/core/object.hpp"

namespace softmig::reconcile {

/// Read-your-writes: remembers the resourceVersion our last write gave an object, so that no decision is made on an older copy.
/// Thread-safe. Forgets an object once the copy has caught up.
class VersionTracker {
 public:
  void Wrote(const kube::ObjectKey& key, const std::string& uid, const std::string& resource_version);
  /// True where the copy is at least as new as our last write to the object (or the object is another one by now).
  bool CaughtUp(const kube::ObjectKey& key, const std::string& uid, const std::string& resource_version);
  void Forget(const kube::ObjectKey& key);

 private:
  struct Written {
    std::string uid;
    std::string resource_version;
  };
  std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, Written> written_ SM_GUARDED_BY(mutex_);
};

}  // namespace softmig::reconcile
