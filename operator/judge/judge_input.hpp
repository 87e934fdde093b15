#pragma once

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "analysis/evidence_window.hpp"
#include "base/result.hpp"

namespace softmig::judge {

/// One line of input.
struct JudgeStep {
  enum class Kind { kStage, kPoll };
  Kind kind = Kind::kPoll;
  std::optional<double> seconds;  ///< length of the window; finite, as written (it may be nonsense)
  analysis::Counts target;
  std::optional<analysis::Counts> legacy;
};

/// Reads steps line by line, as CSV with a header or as JSON lines, whichever the first line is. Never holds more than one line, which must
/// be shorter than kMostBytes. Not thread-safe.
class JudgeInput {
 public:
  static constexpr std::size_t kMostBytes = 65'536;

  /// `in` must outlive this.
  explicit JudgeInput(std::istream& in) : in_(in) {}

  /// The next step, nullopt at the end. kInvalid: the line cannot be read; the message does not name the line, line() does.
  base::Result<std::optional<JudgeStep>> Next();

  /// The line of the last step or error, from 1; 0 before the first.
  [[nodiscard]] std::int64_t line() const { return line_; }

 private:
  enum class Format { kUnknown, kCsv, kJson };

  /// The next line that is not blank, without its end; nullopt at the end.
  base::Result<std::optional<std::string>> NextLine();
  base::Status ReadHeader(const std::string& text);
  [[nodiscard]] base::Result<JudgeStep> ReadRow(const std::string& text) const;

  std::istream& in_;
  std::string buffer_ = std::string(kMostBytes, '\0');
  std::int64_t line_ = 0;
  Format format_ = Format::kUnknown;
  std::vector<std::string> columns_;  ///< of the CSV header
};

}  // namespace softmig::judge
