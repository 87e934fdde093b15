#include "view/table.hpp"

#include <algorithm>

namespace softmig::view {
namespace {

/// Columns of a terminal that a text takes, for letters that are one wide: bytes without the continuations of UTF-8.
std::size_t WidthOf(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string Harmless(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::vector<Cell> Table::Row(std::vector<std::string> texts) {
  std::vector<Cell> cells;
  for (std::string& text : texts) cells.push_back({std::move(text), Tone::kFaint});
  return cells;
}

void Table::Add(std::vector<Cell> cells) {
  for (Cell& cell : cells) cell.text = Harmless(std::move(cell.text));
  rows_.push_back(std::move(cells));
}

std::string Table::Text(Colour colour, const std::string& indent) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i].text));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += Paint(colour, row[i].tone, row[i].text);
      if (i + 1 < row.size()) line += std::string(widths[i] - WidthOf(row[i].text) + 3, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  return text;
}

}  // namespace softmig::view
