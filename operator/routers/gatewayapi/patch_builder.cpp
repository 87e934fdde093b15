#include "routers/gatewayapi/patch_builder.hpp"

#include <nlohmann/json.hpp>

namespace softmig::routers {

using nlohmann::json;

std::string ServerText(const json& value) {
  const std::string plain = value.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string text;
  text.reserve(plain.size());
  // These bytes occur only within strings, so that no parsing is needed.
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const std::string_view rest = std::string_view(plain).substr(i);
    if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      text += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (plain[i] == '<') {
      text += "\\u003c";
    } else if (plain[i] == '>') {
      text += "\\u003e";
    } else if (plain[i] == '&') {
      text += "\\u0026";
    } else {
      text += plain[i];
    }
  }
  return text;
}

PatchBuilder::PatchBuilder(const std::string& uid) { Test("/metadata/uid", uid); }

void PatchBuilder::Test(const std::string& path, const json& value) { Append("test", path, &value); }

void PatchBuilder::Replace(const std::string& path, const json& value) {
  changes_ = true;
  Append("replace", path, &value);
}

void PatchBuilder::Add(const std::string& path, const json& value) {
  changes_ = true;
  Append("add", path, &value);
}

void PatchBuilder::Remove(const std::string& path) {
  changes_ = true;
  Append("remove", path, nullptr);
}

std::string PatchBuilder::Text() const { return changes_ ? "[" + operations_ + "]" : std::string(); }

void PatchBuilder::Append(const char* operation, const std::string& path, const json* value) {
  if (!operations_.empty()) operations_ += ',';
  operations_ += std::string(R"({"op":")") + operation + R"(","path":")" + path + '"';
  if (value != nullptr) operations_ += R"(,"value":)" + ServerText(*value);
  operations_ += '}';
}

}  // namespace softmig::routers
