#include <algorithm>
#include <vector>

#include "model/route_state.hpp"
#include "model/spec.hpp"
#include "model/text_rules.hpp"

namespace softmig::model {
namespace {

/// Names hold neither "," nor "="; in values they are written as in URLs, so that two different flags never share a text.
std::string Escape(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == ',')
      text += "%2C";
    else if (c == '=')
      text += "%3D";
    else if (c == '%')
      text += "%25";
    else
      text += c;
  }
  return text;
}

}  // namespace

std::string FlagText(const HeaderFlag& flag) {
  std::vector<std::string> parts;
  for (const auto& header : flag.headers) parts.push_back(LowerAscii(header.name) + "=" + Escape(header.value));
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::vector<std::string> FlagTexts(const std::vector<HeaderFlag>& flags) {
  std::vector<std::string> texts;
  for (const HeaderFlag& flag : flags) texts.push_back(FlagText(flag));
  std::sort(texts.begin(), texts.end());
  return texts;
}

}  // namespace softmig::model
