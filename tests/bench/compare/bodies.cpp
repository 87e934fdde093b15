#include "bodies.hpp"

#include <fmt/format.h>

namespace softmig::bench {
namespace {

constexpr int kCents = 1999;

std::string MakeRow(int row, bool is_changed) {
  return fmt::format(
      R"({{"id":{},"customer":"customer-{:05}","total":{}.{:02},"tax":{}.{},"currency":"EUR","open":{},"placedAt":"2026-11-{:02}T08:{:02}:00Z"}})",
      100'000 + row, row * 37 % 100'000, row * 13 % 900, (kCents + row + (is_changed ? 1 : 0)) % 100, row * 7 % 90, row % 9 + 1,
      row % 2 == 0 ? "true" : "false", row % 28 + 1, row % 60);
}

}  // namespace

std::string MakeBody(std::size_t bytes, Change change) {
  std::string body = R"({"items":[)";
  for (int row = 0; body.size() + 140 < bytes || row == 0; ++row) {
    if (row > 0) body += ',';
    body += MakeRow(row, change == Change::kEveryRow);
  }
  return body + fmt::format(R"(],"page":1,"next":null,"checksum":{}}})", change == Change::kOneField ? 12 : 11);
}

}  // namespace softmig::bench
