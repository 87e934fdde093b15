#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace softmig::compare {

/// A regular expression of RE2: its time is linear in the text, whatever the expression and whoever wrote the text. Immutable, thread-safe.
class CompiledPattern {
 public:
  /// REQUIRES: ProblemOf(text) has nothing to say.
  explicit CompiledPattern(const std::string& text);
  CompiledPattern(CompiledPattern&& other) noexcept;
  CompiledPattern& operator=(CompiledPattern&& other) noexcept;
  ~CompiledPattern();

  /// Both texts match as a whole, and each group holds the same in both.
  [[nodiscard]] bool Fits(std::string_view legacy, std::string_view target) const;

 private:
  std::unique_ptr<const re2::RE2> expression_;
};

/// What is wrong with an expression, with the place where that can be said; nothing for a good one.
std::optional<std::string> ProblemOf(const std::string& text);

}  // namespace softmig::compare
