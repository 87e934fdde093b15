#include "cli/output.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace softmig::cli {
namespace {

using nlohmann::json;

/// A text that every reader of YAML takes for a text without quotes.
bool IsPlain(const std::string& text) {
  constexpr std::array<std::string_view, 11> kOthers{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fine = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/'; };
  if (text.empty() || !letter(text.front()) || !std::ranges::all_of(text, fine)) return false;
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::find(kOthers, lower) == kOthers.end();
}

void EmitText(YAML::Emitter& out, const std::string& text) {
  if (!IsPlain(text)) out << YAML::DoubleQuoted;
  out << text;
}

// NOLINTNEXTLINE(misc-no-recursion): objects of the API server are at most some levels deep, and the parser has bounded them.
void Emit(YAML::Emitter& out, const json& value) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, child] : value.items()) {
      out << YAML::Key;
      EmitText(out, key);
      out << YAML::Value;
      Emit(out, child);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const json& child : value) Emit(out, child);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    EmitText(out, value.get<std::string>());
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();  // numbers, truth values
  }
}

}  // namespace

int Complain(Terminal& terminal, const base::Error& error, int code) {
  terminal.err << "error: " << error.message << "\n";
  return code;
}

std::string Print(const json& object, Format format) {
  if (format == Format::kJson) return object.dump(4, ' ', false, json::error_handler_t::replace) + "\n";
  YAML::Emitter out;
  Emit(out, object);
  return std::string(out.c_str()) + "\n";
}

json AsList(json items) { return {{"apiVersion", "v1"}, {"kind", "List"}, {"metadata", json::object()}, {"items", std::move(items)}}; }

}  // namespace softmig::cli
