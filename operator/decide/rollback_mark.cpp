#include <fmt/format.h>

#include <array>
#include <charconv>

#include "decide/decide.hpp"

namespace softmig::decide {
namespace {

constexpr std::string_view kPrefix = "softmigration-rollback/";
constexpr std::size_t kMostBytes = 128;

/// The text up to the next slash, which is taken away with it.
std::string_view TakePart(std::string_view& text) {
  const std::size_t end = std::min(text.find('/'), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

}  // namespace

std::string ToFieldManager(const RollbackMark& mark) {
  return fmt::format("{}{}/{}/{}", kPrefix, mark.attempt, mark.reason, mark.metric).substr(0, kMostBytes);
}

std::optional<RollbackMark> ReadFieldManager(std::string_view manager) {
  if (!manager.starts_with(kPrefix)) return std::nullopt;
  manager.remove_prefix(kPrefix.size());
  RollbackMark mark;
  const std::string_view attempt = TakePart(manager);
  const auto [end, error] = std::from_chars(attempt.data(), attempt.data() + attempt.size(), mark.attempt);
  if (error != std::errc() || end != attempt.data() + attempt.size()) return std::nullopt;
  mark.reason = TakePart(manager);
  mark.metric = manager;
  if (mark.reason.empty()) return std::nullopt;
  return mark;
}

}  // namespace softmig::decide
