// Objects, versions and what happened to them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "kube/core/object.hpp"
#include "sim/api/kinds.hpp"

namespace softmig::sim {

/// An object at one version. Immutable; the text is made when first asked for.
class Version {
 public:
  Version(std::shared_ptr<const nlohmann::json> object, std::uint64_t number);

  /// REQUIRES: it was not dropped.
  [[nodiscard]] const std::shared_ptr<const nlohmann::json>& object() const;
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const std::string& Text() const;
  /// Keeps the text only, which is all that watches need of the past: what is freed early is still in the processor's cache.
  void DropObject() const;

 private:
  mutable std::shared_ptr<const nlohmann::json> object_;
  std::uint64_t number_;
  mutable std::string text_;
};
using VersionPtr = std::shared_ptr<const Version>;

struct StoreEvent {
  kube::ObjectKey key;
  VersionPtr before;  ///< null: added
  VersionPtr after;   ///< null: deleted
  /// The object that watches are shown; of a deletion the last state with the deletion's version.
  VersionPtr shown;
  [[nodiscard]] const char* TypeName() const { return after == nullptr ? "DELETED" : before == nullptr ? "ADDED" : "MODIFIED"; }
};

/// All objects of one kind and their recent history. Events are kept while an open watch still needs them, and some for resuming.
class Table {
 public:
  using Objects = std::map<kube::ObjectKey, VersionPtr>;

  explicit Table(const Kind& kind) : kind_(kind) {}

  [[nodiscard]] const Kind& kind() const { return kind_; }
  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] VersionPtr Find(const kube::ObjectKey& key) const;

  void Put(const kube::ObjectKey& key, const VersionPtr& version);
  /// `shown` carries the version of the deletion.
  void Remove(const kube::ObjectKey& key, const VersionPtr& shown);

  /// Positions count events since the beginning.
  [[nodiscard]] std::size_t end() const { return first_ + events_.size(); }
  [[nodiscard]] const StoreEvent& At(std::size_t position) const { return events_[position - first_]; }
  /// Where a watch that has seen everything up to `number` goes on. REQUIRES: number >= oldest().
  [[nodiscard]] std::size_t After(std::uint64_t number) const;
  /// Earlier versions are forgotten: watches and pages from before get 410.
  [[nodiscard]] std::uint64_t oldest() const { return oldest_; }
  void Forget(std::uint64_t number);
  /// The objects as they were at `number`. REQUIRES: number >= oldest().
  [[nodiscard]] Objects AsOf(std::uint64_t number) const;

  /// Open watches' positions; their events are kept.
  void Hold(const std::size_t* position) { held_.push_back(position); }
  void Release(const std::size_t* position);

 private:
  void Record(StoreEvent event);
  void Trim();

  const Kind& kind_;
  Objects objects_;
  std::deque<StoreEvent> events_;
  std::size_t first_ = 0;  ///< position of events_.front()
  std::uint64_t oldest_ = 0;
  std::vector<const std::size_t*> held_;
};

}  // namespace softmig::sim
