#include "compare/pattern.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "model/safe_text.hpp"

namespace softmig::compare {
namespace {

constexpr int kMostGroups = 8;
constexpr std::size_t kMostTextBytes = std::size_t{64} << 10U;
constexpr std::size_t kShownBytes = 64;

RE2::Options Options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{1} << 20);
  return options;
}

using Groups = std::array<re2::StringPiece, kMostGroups + 1>;  // the whole match first

bool Match(const RE2& expression, std::string_view text, Groups& groups) {
  const int count = expression.NumberOfCapturingGroups() + 1;
  return text.size() <= kMostTextBytes &&
         expression.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::ANCHOR_BOTH, groups.data(), count);
}

}  // namespace

CompiledPattern::CompiledPattern(const std::string& text) : expression_(std::make_unique<const RE2>(text, Options())) {
  SM_ASSERT(expression_->ok() && expression_->NumberOfCapturingGroups() <= kMostGroups);
}
CompiledPattern::CompiledPattern(CompiledPattern&& other) noexcept = default;
CompiledPattern& CompiledPattern::operator=(CompiledPattern&& other) noexcept = default;
CompiledPattern::~CompiledPattern() = default;

bool CompiledPattern::Fits(std::string_view legacy, std::string_view target) const {
  Groups left;
  Groups right;
  if (!Match(*expression_, legacy, left) || !Match(*expression_, target, right)) return false;
  return std::equal(left.begin() + 1, left.begin() + 1 + expression_->NumberOfCapturingGroups(), right.begin() + 1);
}

std::optional<std::string> ProblemOf(const std::string& text) {
  const RE2 expression(text, Options());
  if (!expression.ok()) {
    const std::size_t at = text.find(expression.error_arg());
    const std::string problem = model::CutText(expression.error(), 2 * kShownBytes);
    return at == std::string::npos || expression.error_arg().empty() ? problem : fmt::format("at character {}: {}", at + 1, problem);
  }
  if (expression.NumberOfCapturingGroups() > kMostGroups) return fmt::format("has more than {} groups", kMostGroups);
  return std::nullopt;
}

}  // namespace softmig::compare
