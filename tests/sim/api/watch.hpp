// One open watch.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "sim/api/fake_api_server.hpp"
#include "sim/api/store.hpp"

namespace softmig::sim {

/// Which part of a kind's objects is watched.
struct WatchScope {
  std::string ns;    ///< empty: all
  std::string name;  ///< empty: all
  [[nodiscard]] bool Holds(const kube::ObjectKey& key) const { return (ns.empty() || ns == key.ns) && (name.empty() || name == key.name); }
};

/// First what the watch begins with, then the table's events from a position on. Keeps the table alive.
class TableWatch final : public FakeWatch {
 public:
  /// `number` is the server's present version. Both outlive the watch.
  TableWatch(std::shared_ptr<Table> table, std::shared_ptr<const std::uint64_t> number, WatchScope scope, std::size_t position);
  ~TableWatch() override;
  TableWatch(const TableWatch&) = delete;
  TableWatch& operator=(const TableWatch&) = delete;

  /// ADDED for everything that is there, and at the end the bookmark that says so where it is asked for.
  void BeginWithEverything(bool bookmark_at_end);
  /// Nothing but one ERROR line.
  void BeginWithError(const nlohmann::json& status);

  std::optional<std::string> Next() override;
  [[nodiscard]] bool ready() const override;
  [[nodiscard]] std::string Bookmark() const override;
  [[nodiscard]] bool ended() const override { return failed_ && first_.empty(); }

 private:
  [[nodiscard]] std::string BookmarkLine(bool end_of_initial_events) const;
  void SkipOthers() const;

  const std::shared_ptr<Table> table_;
  const std::shared_ptr<const std::uint64_t> number_;
  const WatchScope scope_;
  std::deque<std::string> first_;
  mutable std::size_t position_;
  bool failed_ = false;
};

}  // namespace softmig::sim
