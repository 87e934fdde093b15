#include "judge/judge_input.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace softmig::judge {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Result;
using nlohmann::json;

/// What one line says, before it is believed: field -> its number. An absent or empty cell has no entry.
struct Fields {
  std::string op = "poll";
  std::map<std::string, double> numbers;
};

constexpr std::array<const char*, 5> kNumberNames{"n", "k", "n2", "k2", "dt"};

bool IsNumberName(const std::string& name) { return std::ranges::find(kNumberNames, name) != kNumberNames.end(); }

std::string Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

/// Cells between commas, without blanks around them and without a pair of quotes. Names and numbers hold neither commas nor quotes.
std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = std::min(line.find(',', start), line.size());
    std::string cell = Trim(std::string_view(line).substr(start, comma - start));
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = Trim(cell.substr(1, cell.size() - 2));
    cells.push_back(std::move(cell));
    if (comma == line.size()) return cells;
    start = comma + 1;
  }
}

Result<double> ParseNumber(const std::string& name, const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  return Fail(ErrorCode::kInvalid, name + " is not a number: \"" + text.substr(0, 40) + "\"");
}

Result<analysis::Counts> ReadPair(const Fields& fields, const char* total, const char* bad) {
  const auto n = fields.numbers.find(total);
  const auto k = fields.numbers.find(bad);
  if (n == fields.numbers.end()) return Fail(ErrorCode::kInvalid, std::string(total) + " is missing");
  if (k == fields.numbers.end()) return Fail(ErrorCode::kInvalid, std::string(bad) + " is missing");
  return analysis::Counts{n->second, k->second};
}

Result<JudgeStep> ToStep(const Fields& fields) {
  JudgeStep step;
  if (fields.op == "stage") {
    step.kind = JudgeStep::Kind::kStage;
    return step;
  }
  if (fields.op != "poll") return Fail(ErrorCode::kInvalid, "op must be stage or poll, not \"" + fields.op.substr(0, 40) + "\"");
  const auto target = ReadPair(fields, "n", "k");
  if (!target) return Fail(target.error());
  step.target = *target;
  if (fields.numbers.contains("n2") || fields.numbers.contains("k2")) {
    const auto legacy = ReadPair(fields, "n2", "k2");
    if (!legacy) return Fail(legacy.error());
    step.legacy = *legacy;
  }
  if (const auto seconds = fields.numbers.find("dt"); seconds != fields.numbers.end()) {
    // A window of more than thirty years is a mistake of units.
    if (!(std::abs(seconds->second) <= 1e9)) return Fail(ErrorCode::kInvalid, "dt must be seconds, at most 1e9");
    step.seconds = seconds->second;
  }
  return step;
}

Result<JudgeStep> ReadJson(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) return Fail(ErrorCode::kInvalid, "not JSON");
  if (!document.is_object()) return Fail(ErrorCode::kInvalid, "not a JSON object");
  Fields fields;
  for (const auto& [name, value] : document.items()) {
    if (name == "op") {
      if (!value.is_string()) return Fail(ErrorCode::kInvalid, "op must be stage or poll");
      fields.op = value.get<std::string>();
    } else if (IsNumberName(name)) {
      if (!value.is_number()) return Fail(ErrorCode::kInvalid, name + " is not a number");
      fields.numbers[name] = value.get<double>();
    }
  }
  return ToStep(fields);
}

}  // namespace

Result<std::optional<std::string>> JudgeInput::NextLine() {
  while (in_.good()) {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (in_.eof() && in_.gcount() == 0) return std::nullopt;
    ++line_;
    if (in_.fail()) return Fail(ErrorCode::kInvalid, "longer than " + std::to_string(kMostBytes - 1) + " bytes");
    const auto length = static_cast<std::size_t>(in_.gcount()) - (in_.eof() ? 0 : 1);
    std::string text = Trim(std::string_view(buffer_).substr(0, length));
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (line_ == 1 && text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    if (!text.empty()) return text;
  }
  return std::nullopt;
}

base::Status JudgeInput::ReadHeader(const std::string& text) {
  columns_ = Cells(text);
  for (const char* name : {"n", "k"}) {
    if (std::ranges::find(columns_, name) == columns_.end()) {
      return Fail(ErrorCode::kInvalid, "neither JSON nor a CSV header with the columns n and k");
    }
  }
  for (const auto& name : columns_) {
    const bool known = IsNumberName(name) || name == "op";
    if (known && std::ranges::count(columns_, name) > 1) return Fail(ErrorCode::kInvalid, "two columns are called " + name);
  }
  return {};
}

Result<JudgeStep> JudgeInput::ReadRow(const std::string& text) const {
  const std::vector<std::string> cells = Cells(text);
  if (cells.size() != columns_.size()) {
    return Fail(ErrorCode::kInvalid, std::to_string(cells.size()) + " cells, the header has " + std::to_string(columns_.size()));
  }
  Fields fields;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    if (columns_[i] == "op") fields.op = cells[i];
    if (!IsNumberName(columns_[i])) continue;
    const auto number = ParseNumber(columns_[i], cells[i]);
    if (!number) return Fail(number.error());
    fields.numbers[columns_[i]] = *number;
  }
  return ToStep(fields);
}

Result<std::optional<JudgeStep>> JudgeInput::Next() {
  while (true) {
    auto text = NextLine();
    if (!text) return Fail(text.error());
    if (!*text) return std::nullopt;
    if (format_ == Format::kUnknown) {
      format_ = (*text)->front() == '{' ? Format::kJson : Format::kCsv;
      if (format_ == Format::kCsv) {
        if (const auto header = ReadHeader(**text); !header) return Fail(header.error());
        continue;
      }
    }
    auto step = format_ == Format::kJson ? ReadJson(**text) : ReadRow(**text);
    if (!step) return Fail(step.error());
    return std::optional(std::move(*step));
  }
}

}  // namespace softmig::judge
