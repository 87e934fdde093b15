#include "reconcile/version_tracker.hpp"

namespace softmig::reconcile {

void VersionTracker::Wrote(const kube::ObjectKey& key, const std::string& uid, const std::string& resource_version) {
  const std::scoped_lock lock(mutex_);
  written_[key] = {uid, resource_version};
}

bool VersionTracker::CaughtUp(const kube::ObjectKey& key, const std::string& uid, const std::string& resource_version) {
  const std::scoped_lock lock(mutex_);
  const auto it = written_.find(key);
  if (it == written_.end()) return true;
  const auto order = kube::CompareResourceVersions(resource_version, it->second.resource_version);
  if (it->second.uid == uid && order == std::partial_ordering::less) return false;
  written_.erase(it);
  return true;
}

void VersionTracker::Forget(const kube::ObjectKey& key) {
  const std::scoped_lock lock(mutex_);
  written_.erase(key);
}

}  // namespace softmig::reconcile
