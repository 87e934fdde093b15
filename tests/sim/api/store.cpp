#include "sim/api/store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/assert.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::sim {
namespace {

/// So many events of a kind can be resumed from when no open watch needs more: about as few as a real watch cache keeps at least. Few,
/// because memory that is touched again soon is fast.
constexpr std::size_t kKept = 128;

}  // namespace

Version::Version(std::shared_ptr<const nlohmann::json> object, std::uint64_t number) : object_(std::move(object)), number_(number) {}

const std::shared_ptr<const nlohmann::json>& Version::object() const {
  SM_ASSERT(object_ != nullptr);
  return object_;
}

void Version::DropObject() const {
  static_cast<void>(Text());
  object_.reset();
}

const std::string& Version::Text() const {
  if (text_.empty()) text_ = kube::DumpJson(*object_);
  return text_;
}

VersionPtr Table::Find(const kube::ObjectKey& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

void Table::Put(const kube::ObjectKey& key, const VersionPtr& version) {
  VersionPtr& place = objects_[key];
  const VersionPtr before = std::exchange(place, version);
  Record({key, before, version, version});
}

void Table::Remove(const kube::ObjectKey& key, const VersionPtr& shown) {
  const auto found = objects_.find(key);
  SM_ASSERT(found != objects_.end());
  const VersionPtr before = found->second;
  objects_.erase(found);
  Record({key, before, nullptr, shown});
}

void Table::Record(StoreEvent event) {
  events_.push_back(std::move(event));
  if (events_.size() > kKept + kKept / 4) Trim();
}

std::size_t Table::After(std::uint64_t number) const {
  const auto later = std::ranges::partition_point(events_, [&](const StoreEvent& event) { return event.shown->number() <= number; });
  return first_ + static_cast<std::size_t>(later - events_.begin());
}

void Table::Forget(std::uint64_t number) {
  oldest_ = std::max(oldest_, number);
  Trim();
}

void Table::Trim() {
  if (events_.size() > kKept) oldest_ = std::max(oldest_, events_[events_.size() - kKept - 1].shown->number());
  std::size_t keep_from = After(oldest_);
  for (const std::size_t* position : held_) keep_from = std::min(keep_from, *position);
  while (first_ < keep_from && !events_.empty()) {
    events_.pop_front();
    ++first_;
  }
}

Table::Objects Table::AsOf(std::uint64_t number) const {
  Objects objects = objects_;
  for (auto event = events_.rbegin(); event != events_.rend() && event->shown->number() > number; ++event) {
    if (event->before) {
      objects[event->key] = event->before;
    } else {
      objects.erase(event->key);
    }
  }
  return objects;
}

void Table::Release(const std::size_t* position) { std::erase(held_, position); }

}  // namespace softmig::sim
