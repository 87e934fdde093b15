// The regular expressions of schemas.
#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>
#include <vector>

namespace softmig::sim {

/// A regular expression as CRDs use them: classes, groups, alternatives, repetition, anchors. Takes time linear in the text and no stack,
/// as the API server's does; the standard library's promises neither. Immutable; may be shared between threads.
class Pattern {
 public:
  /// Aborts, with the text on stderr, on anything else: schemas are files of the repository.
  explicit Pattern(std::string_view expression);

  /// Whether some part of the text matches.
  [[nodiscard]] bool Finds(std::string_view text) const;

 private:
  friend class PatternReader;
  enum class Step { kByte, kSplit, kBegin, kEnd, kDone };
  /// kByte goes on at `next` after one of `bytes`; kSplit at `next` and at `other`.
  struct State {
    Step step = Step::kDone;
    std::size_t next = 0;
    std::size_t other = 0;
    std::bitset<256> bytes;
  };

  void Enter(std::size_t state, bool at_begin, bool at_end, std::vector<bool>& active) const;

  std::vector<State> states_;
  std::size_t start_ = 0;
};

}  // namespace softmig::sim
