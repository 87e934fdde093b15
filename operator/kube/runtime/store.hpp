#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kube/core/object.hpp"

namespace softmig::kube {

/// What a Reflector feeds. Called from the reflector's thread only, in order.
class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  /// A new snapshot begins: objects not seen until OnSynced are gone.
  virtual void OnRestart() = 0;
  /// Created, changed, or part of the snapshot.
  virtual void OnApplied(const nlohmann::json& object) = 0;
  virtual void OnDeleted(const nlohmann::json& object) = 0;
  /// The snapshot is complete.
  virtual void OnSynced() = 0;
};

/// An in-memory copy of one kind, kept as the projection T of each object (never its raw JSON): small, and parsed once.
/// Reads are thread-safe and give immutable snapshots; the sink side belongs to one reflector; Learn may be called by anybody.
/// The listener is called for one change at a time, in the order of the changes; it must not change this store.
template <typename T>
class Store final : public ReflectorSink {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Projection = std::function<T(const nlohmann::json&)>;
  /// What changed: the key with the value before and after (null: absent). Called outside the lock of reads, from the changer's thread.
  using Listener = std::function<void(const ObjectKey&, const Ptr& before, const Ptr& after)>;

  Store(Projection project, Listener listener) : project_(std::move(project)), listener_(std::move(listener)) {}

  [[nodiscard]] Ptr Get(const ObjectKey& key) const {
    const std::shared_lock lock(mutex_);
    const auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second;
  }
  [[nodiscard]] std::vector<ObjectKey> Keys() const {
    const std::shared_lock lock(mutex_);
    std::vector<ObjectKey> keys;
    keys.reserve(objects_.size());
    for (const auto& [key, value] : objects_) keys.push_back(key);
    return keys;
  }
  [[nodiscard]] std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return objects_.size();
  }
  /// True once the first snapshot is complete.
  [[nodiscard]] bool synced() const {
    const std::shared_lock lock(mutex_);
    return synced_;
  }

  void OnRestart() override {
    seen_.clear();
    restarting_ = true;
  }
  void OnApplied(const nlohmann::json& object) override {
    const ObjectMeta meta = ParseMeta(object);
    if (restarting_) seen_.insert(meta.key);
    Ptr value = LearnedAs(meta);
    if (!value) value = std::make_shared<const T>(project_(object));
    const std::scoped_lock order(order_);
    if (const auto it = learned_.find(meta.key); it != learned_.end()) {
      if (it->second.uid == meta.uid && IsOlder(meta, it->second)) return;
      learned_.erase(it);
    }
    Exchange(meta.key, std::move(value));
  }
  void OnDeleted(const nlohmann::json& object) override {
    const ObjectKey key = ParseMeta(object).key;
    const std::scoped_lock order(order_);
    learned_.erase(key);
    Exchange(key, nullptr);
  }

  /// The API server's answer to a write of ours: a watch may lag behind it for long, and nothing that we do may wait for a watch.
  /// Ignored where the object is absent here or already as new. Events that are older than the answer are ignored from now on.
  void Learn(const nlohmann::json& object) {
    ObjectMeta meta = ParseMeta(object);
    auto value = std::make_shared<const T>(project_(object));
    const std::scoped_lock order(order_);
    const Ptr known = Get(meta.key);
    if (!known || known->meta.uid != meta.uid || !IsOlder(known->meta, meta)) return;
    Exchange(meta.key, std::move(value));
    learned_[meta.key] = std::move(meta);
  }
  void OnSynced() override {
    for (const ObjectKey& key : Keys()) {
      if (seen_.contains(key)) continue;
      const std::scoped_lock order(order_);
      learned_.erase(key);
      Exchange(key, nullptr);
    }
    seen_.clear();
    restarting_ = false;
    const std::unique_lock lock(mutex_);
    synced_ = true;
  }

 private:
  /// What the answer to a write of ours has brought already need not be read again. A snapshot is always read: the same version may be
  /// shown with other defaults, after a change of the CRD.
  [[nodiscard]] Ptr LearnedAs(const ObjectMeta& meta) {
    if (restarting_) return nullptr;
    const std::scoped_lock order(order_);
    const auto it = learned_.find(meta.key);
    const bool same = it != learned_.end() && it->second.uid == meta.uid && it->second.resource_version == meta.resource_version;
    return same ? Get(meta.key) : nullptr;
  }
  static bool IsOlder(const ObjectMeta& a, const ObjectMeta& b) {
    return CompareResourceVersions(a.resource_version, b.resource_version) == std::partial_ordering::less;
  }

  /// REQUIRES: order_ is held.
  void Exchange(const ObjectKey& key, Ptr after) {
    Ptr before;
    {
      const std::unique_lock lock(mutex_);
      const auto it = objects_.find(key);
      if (it != objects_.end()) before = it->second;
      if (after) {
        objects_[key] = after;
      } else if (it != objects_.end()) {
        objects_.erase(it);
      }
    }
    if (listener_ && (before || after)) listener_(key, before, after);
  }

  Projection project_;
  Listener listener_;
  std::unordered_set<ObjectKey> seen_;                 // reflector's thread only
  bool restarting_ = false;                            // reflector's thread only
  std::mutex order_;                                   // one change at a time, up to the end of its listener
  std::unordered_map<ObjectKey, ObjectMeta> learned_;  // under order_: what the watch has yet to reach
  mutable std::shared_mutex mutex_;
  std::unordered_map<ObjectKey, Ptr> objects_;
  bool synced_ = false;
};

}  // namespace softmig::kube
