#include "routers/gatewayapi/json_view.hpp"

#include <nlohmann/json.hpp>

namespace softmig::routers {

using nlohmann::json;

const json* Member(const json* value, std::string_view key) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto found = value->find(key);
  return found == value->end() ? nullptr : &*found;
}

std::string TextMember(const json* value, std::string_view key) {
  const json* text = Member(value, key);
  return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

std::optional<std::int64_t> WholeNumber(const json* value, std::int64_t max) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) {
    const auto number = value->get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(max)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value->is_number_integer()) return std::nullopt;
  const auto number = value->get<std::int64_t>();
  if (number < 0 || number > max) return std::nullopt;
  return number;
}

const json* OwnedPart(const json& entry, SteeredField steered) {
  const json* owned = Member(&entry, "fieldsV1");
  for (const char* key : {steered.member, steered.field, steered.part}) {
    if (key != nullptr) owned = Member(owned, key);
  }
  return owned;
}

std::string LastWriter(const json& object, SteeredField steered) {
  const json* entries = Member(Member(&object, "metadata"), "managedFields");
  if (entries == nullptr || !entries->is_array()) return {};
  std::string writer;
  std::string latest;
  for (const json& entry : *entries) {
    if (OwnedPart(entry, steered) == nullptr) continue;
    std::string time = TextMember(&entry, "time");  // RFC 3339 in UTC with whole seconds: orders as text
    if (!writer.empty() && time < latest) continue;
    writer = TextMember(&entry, "manager");
    latest = std::move(time);
  }
  return Cut(writer, 128);
}

std::string Cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  text.resize(limit);
  return text;
}

}  // namespace softmig::routers
