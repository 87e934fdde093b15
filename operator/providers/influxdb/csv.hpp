#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace softmig::providers {

/// Rows of a CSV text, one after the other (RFC 4180: quotes, doubled quotes and line breaks within them). Bounded by the text; linear.
class CsvRows {
 public:
  explicit CsvRows(std::string_view text) : text_(text) {}
  /// An empty line is a row of one empty field. Nothing at the end, or where the text ends within a row: see `cut`.
  std::optional<std::vector<std::string>> Next();
  /// Whether the text ended within a row, or had a quote where none may be.
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  bool TakeField(std::string& field);
  bool TakeQuoted(std::string& field);

  std::string_view text_;
  bool cut_ = false;
};

}  // namespace softmig::providers
