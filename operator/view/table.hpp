#pragma once

#include <string>
#include <vector>

#include "view/paint.hpp"

namespace softmig::view {

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

/// Columns as wide as their widest cell, three spaces between them, nothing behind the last. Control characters become spaces: what users
/// and servers wrote must not move the cursor.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(Row(std::move(header))); }
  void Add(std::vector<Cell> cells);
  /// Each line begins with `indent`.
  [[nodiscard]] std::string Text(Colour colour, const std::string& indent = {}) const;

 private:
  static std::vector<Cell> Row(std::vector<std::string> texts);
  std::vector<std::vector<Cell>> rows_;
};

/// Without control characters.
std::string Harmless(std::string text);

}  // namespace softmig::view
