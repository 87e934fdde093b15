#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace softmig::compare {

/// Which id of the target stands for which of legacy, by what pairs of answers showed; one to one within each map. Forgets the oldest
/// pairs where there are too many, so its memory is bounded. Value type, not thread-safe.
class IdMaps {
 public:
  static constexpr std::size_t kMostIdBytes = 256;

  explicit IdMaps(std::size_t most_pairs) : most_(most_pairs) {}

  /// Whether the pair contradicts what is known. What is longer than kMostIdBytes is no id and contradicts everything.
  [[nodiscard]] bool Contradicts(std::string_view map, std::string_view legacy, std::string_view target) const;
  /// REQUIRES: !Contradicts(map, legacy, target).
  void Learn(std::string_view map, std::string_view legacy, std::string_view target);
  /// Learns all pairs of the other that do not contradict: two workers may have seen the same id at the same time.
  void Learn(const IdMaps& other);

  [[nodiscard]] std::size_t size() const { return order_.size(); }
  void Clear();

 private:
  using Ids = std::unordered_map<std::string, std::string>;
  std::size_t most_;
  Ids target_of_, legacy_of_;                              // by map and id
  std::deque<std::pair<std::string, std::string>> order_;  // the keys of both, oldest first
};

}  // namespace softmig::compare
