#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.hpp"
#include "decide/decide.hpp"

namespace softmig::decide {
namespace {

constexpr std::string_view kPrefix = "softmigration-rollback/";
constexpr std::size_t kMostBytes = 128;
constexpr std::size_t kRollbackDigits = 8;
constexpr std::size_t kComponentDigits = 4;

/// The text up to the next slash, which is taken away with it.
std::string_view TakePart(std::string_view& text) {
  const std::size_t end = std::min(text.find('/'), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// The whole text is one number, in lower case as we write it.
template <typename Number>
bool ReadHex(std::string_view text, Number& number) {
  if (text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<RollbackMark::Whose> ReadWhose(std::string_view text) {
  RollbackMark::Whose whose;
  if (text.size() <= kRollbackDigits || (text.size() - kRollbackDigits) % kComponentDigits != 0) return std::nullopt;
  if (!ReadHex(text.substr(0, kRollbackDigits), whose.rollback)) return std::nullopt;
  for (text.remove_prefix(kRollbackDigits); !text.empty(); text.remove_prefix(kComponentDigits)) {
    if (!ReadHex(text.substr(0, kComponentDigits), whose.components.emplace_back())) return std::nullopt;
  }
  return whose;
}

std::string ToText(const RollbackMark::Whose& whose) {
  std::string text = fmt::format("{:08x}", whose.rollback);
  for (const std::uint16_t component : whose.components) text += fmt::format("{:04x}", component);
  return text + "/";
}

std::uint16_t HashOf(std::string_view uid, const std::string& component) {
  return static_cast<std::uint16_t>(base::Fnv1a(fmt::format("{}/{}", uid, component)));
}

std::uint32_t HalfOf(base::WallTime at) { return static_cast<std::uint32_t>(at.time_since_epoch().count()); }

}  // namespace

RollbackMark MarkOf(std::string_view uid, const model::Status& status) {
  const model::RollbackRecord& record = *status.last_rollback;
  RollbackMark::Whose whose{HalfOf(record.at), {}};
  for (const model::ComponentStatus& component : status.components) {
    const bool back = component.phase == model::Phase::kRollingBack || component.phase == model::Phase::kRolledBack;
    if (back) whose.components.push_back(HashOf(uid, component.name));
  }
  return {status.attempt, record.reason, record.metric, std::move(whose)};
}

bool MayBeUnrecorded(const RollbackMark& mark, std::string_view uid, const std::string& component, const model::Status& status) {
  if (mark.attempt != status.attempt) return false;
  if (!mark.whose) return true;
  // It is recorded, so whoever is in Shift again was let begin anew since.
  if (status.last_rollback && HalfOf(status.last_rollback->at) == mark.whose->rollback) return false;
  return std::ranges::find(mark.whose->components, HashOf(uid, component)) != mark.whose->components.end();
}

std::string ToFieldManager(const RollbackMark& mark) {
  const std::string whose = mark.whose ? ToText(*mark.whose) : std::string();
  return fmt::format("{}{}/{}/{}{}", kPrefix, mark.attempt, mark.reason, whose, mark.metric).substr(0, kMostBytes);
}

std::optional<RollbackMark> ReadFieldManager(std::string_view manager) {
  if (!manager.starts_with(kPrefix)) return std::nullopt;
  manager.remove_prefix(kPrefix.size());
  RollbackMark mark;
  const std::string_view attempt = TakePart(manager);
  const auto [end, error] = std::from_chars(attempt.data(), attempt.data() + attempt.size(), mark.attempt);
  if (error != std::errc() || end != attempt.data() + attempt.size()) return std::nullopt;
  mark.reason = TakePart(manager);
  if (mark.reason.empty()) return std::nullopt;
  // Without the slash behind it somebody cut it, and whom it named at its end is lost.
  const std::size_t slash = manager.find('/');
  if (slash != std::string_view::npos) mark.whose = ReadWhose(manager.substr(0, slash));
  if (mark.whose) manager.remove_prefix(slash + 1);
  mark.metric = manager;
  return mark;
}

}  // namespace softmig::decide
