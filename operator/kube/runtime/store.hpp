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
/// Reads are thread-safe and give immutable snapshots; the sink side belongs to one reflector.
template <typename T>
class Store final : public ReflectorSink {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Projection = std::function<T(const nlohmann::json&)>;
  /// What changed: the key with the value before and after (null: absent). Called outside the lock, from the reflector's thread.
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
    auto value = std::make_shared<const T>(project_(object));
    const ObjectKey key = ParseMeta(object).key;
    if (restarting_) seen_.insert(key);
    Exchange(key, std::move(value));
  }
  void OnDeleted(const nlohmann::json& object) override { Exchange(ParseMeta(object).key, nullptr); }
  void OnSynced() override {
    for (const ObjectKey& key : Keys()) {
      if (!seen_.contains(key)) Exchange(key, nullptr);
    }
    seen_.clear();
    restarting_ = false;
    const std::unique_lock lock(mutex_);
    synced_ = true;
  }

 private:
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
  std::unordered_set<ObjectKey> seen_;  // reflector's thread only
  bool restarting_ = false;             // reflector's thread only
  mutable std::shared_mutex mutex_;
  std::unordered_map<ObjectKey, Ptr> objects_;
  bool synced_ = false;
};

}  // namespace softmig::kube
