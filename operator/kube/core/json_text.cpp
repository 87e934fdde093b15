#include "kube/core/json_text.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace softmig::kube {
namespace {

using nlohmann::json;

/// Longer texts go the slow way: simdjson needs some fifteen bytes of memory for each byte of text.
constexpr std::size_t kQuickAtMost = std::size_t{1} << 20U;

/// Counts brackets outside of strings. Cheap next to parsing, and needs no parse callback for every value.
bool TooDeep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

json Convert(simdjson::dom::element element);

json ConvertList(simdjson::dom::array list) {
  json::array_t items;
  items.reserve(list.size());
  for (const simdjson::dom::element item : list) items.push_back(Convert(item));
  return items;
}

json ConvertObject(simdjson::dom::object object) {
  json::object_t members;
  for (const auto [name, value] : object) {
    // API servers and we ourselves send names mostly in order. Of a name that comes twice the last counts, as nlohmann has it.
    const auto member = members.emplace_hint(members.end(), std::string(name), nullptr);
    member->second = Convert(value);
  }
  return members;
}

/// REQUIRES: of a parsed document, so that no getter can fail.
json Convert(simdjson::dom::element element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::OBJECT: return ConvertObject(element.get_object().value_unsafe());
    case Type::ARRAY: return ConvertList(element.get_array().value_unsafe());
    case Type::STRING: return std::string(element.get_string().value_unsafe());
    case Type::INT64: {  // nlohmann has its own type for what is not negative
      const std::int64_t number = element.get_int64().value_unsafe();
      return number < 0 ? json(number) : json(static_cast<std::uint64_t>(number));
    }
    case Type::UINT64: return element.get_uint64().value_unsafe();
    case Type::DOUBLE: return element.get_double().value_unsafe();
    case Type::BOOL: return element.get_bool().value_unsafe();
    case Type::NULL_VALUE: break;
  }
  return nullptr;
}

/// The same value as nlohmann's (but "-0" counts as unsigned), in half of the time; nothing where that is not certain: what simdjson
/// refuses (also integers beyond 64 bits and a byte order mark), what is nested deeply, and \u, of which it accepts halves of pairs.
std::optional<json> ParseQuickly(std::string_view text) {
  if (text.size() > kQuickAtMost || text.find("\\u") != std::string_view::npos) return std::nullopt;
  simdjson::dom::parser parser;
  if (parser.allocate(text.size(), kMaxJsonDepth) != simdjson::SUCCESS) return std::nullopt;
  simdjson::dom::element root;
  if (parser.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS) return std::nullopt;
  return Convert(root);
}

constexpr auto kReplace = json::error_handler_t::replace;

/// The letter after the backslash; nothing for what needs no escape, or more than a letter.
char Escape(char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

/// False, and nothing is appended, for text with bytes that nlohmann has to look at: beyond ASCII, and rare control characters.
bool AppendPlainText(const std::string& text, std::string& out) {
  const std::size_t before = out.size();
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') continue;
    const char letter = Escape(text[i]);
    if (letter == 0) {
      out.resize(before);
      return false;
    }
    out.append(text, from, i - from);
    out += '\\';
    out += letter;
    from = i + 1;
  }
  out.append(text, from, text.size() - from);
  out += '"';
  return true;
}

template <typename Number>
void AppendNumber(Number number, std::string& out) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// As nlohmann's dump, in a third of the time: it decodes each byte of each text.
void Append(const json& value, std::string& out) {
  switch (value.type()) {
    case json::value_t::object: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
        if (!std::exchange(first, false)) out += ',';
        if (!AppendPlainText(name, out)) out += json(name).dump(-1, ' ', false, kReplace);
        out += ':';
        Append(member, out);
      }
      out += '}';
      return;
    }
    case json::value_t::array: {
      out += '[';
      bool first = true;
      for (const json& item : value.get_ref<const json::array_t&>()) {
        if (!std::exchange(first, false)) out += ',';
        Append(item, out);
      }
      out += ']';
      return;
    }
    case json::value_t::string:
      if (AppendPlainText(value.get_ref<const std::string&>(), out)) return;
      break;
    case json::value_t::number_integer: return AppendNumber(value.get<std::int64_t>(), out);
    case json::value_t::number_unsigned: return AppendNumber(value.get<std::uint64_t>(), out);
    default: break;
  }
  out += value.dump(-1, ' ', false, kReplace);
}

}  // namespace

base::Result<nlohmann::json> ParseJson(std::string_view text) {
  if (auto value = ParseQuickly(text)) return std::move(*value);
  if (TooDeep(text)) return base::Fail(base::ErrorCode::kInvalid, "json is nested too deeply");
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& failure) {
    // The library's text quotes the input, which may hold a secret: only the place is passed on.
    return base::Fail(base::ErrorCode::kInvalid, "not valid json (reason " + std::to_string(failure.id) + ")");
  }
}

std::string DumpJson(const nlohmann::json& value) {
  std::string text;
  Append(value, text);
  return text;
}

const nlohmann::json& Child(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kNull;
  if (!object.is_object()) return kNull;
  const auto it = object.find(name);
  return it == object.end() ? kNull : *it;
}

std::string StringField(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = Child(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t IntField(const nlohmann::json& object, const char* name) {
  const nlohmann::json& value = Child(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

}  // namespace softmig::kube
