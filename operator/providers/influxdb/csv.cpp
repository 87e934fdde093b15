#include "providers/influxdb/csv.hpp"

#include <algorithm>

namespace softmig::providers {

std::optional<std::vector<std::string>> CsvRows::Next() {
  if (text_.empty() || cut_) return std::nullopt;
  std::vector<std::string> row;
  while (true) {
    std::string field;
    if (!TakeField(field)) break;
    row.push_back(std::move(field));
    if (text_.starts_with(',')) {
      text_.remove_prefix(1);
      continue;
    }
    const std::size_t end_of_line = text_.starts_with("\r\n") ? 2 : (text_.starts_with('\n') ? 1 : 0);
    if (end_of_line == 0) break;
    text_.remove_prefix(end_of_line);
    return row;
  }
  cut_ = true;
  return std::nullopt;
}

bool CsvRows::TakeField(std::string& field) {
  if (text_.starts_with('"')) return TakeQuoted(field);
  const std::size_t end = std::min(text_.find_first_of(",\r\n"), text_.size());
  field = text_.substr(0, end);
  text_.remove_prefix(end);
  return field.find('"') == std::string::npos;
}

bool CsvRows::TakeQuoted(std::string& field) {
  text_.remove_prefix(1);
  while (true) {
    const std::size_t quote = text_.find('"');
    if (quote == std::string_view::npos) return false;
    field += text_.substr(0, quote);
    text_.remove_prefix(quote + 1);
    if (!text_.starts_with('"')) return true;
    field += '"';
    text_.remove_prefix(1);
  }
}

}  // namespace softmig::providers
