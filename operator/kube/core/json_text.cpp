#include "kube/core/json_text.hpp"

#include <nlohmann/json.hpp>

namespace softmig::kube {
namespace {

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

}  // namespace

base::Result<nlohmann::json> ParseJson(std::string_view text) {
  if (TooDeep(text)) return base::Fail(base::ErrorCode::kInvalid, "json is nested too deeply");
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& failure) {
    // The library's text quotes the input, which may hold a secret: only the place is passed on.
    return base::Fail(base::ErrorCode::kInvalid, "not valid json (reason " + std::to_string(failure.id) + ")");
  }
}

std::string DumpJson(const nlohmann::json& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

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
