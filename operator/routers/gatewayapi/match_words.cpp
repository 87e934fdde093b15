#include "routers/gatewayapi/match_words.hpp"

#include <nlohmann/json.hpp>

#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {

using nlohmann::json;

json InGatewayWords(const json& said, std::span<const MatchWord> words) {
  if (!said.is_object() || said.size() != 1) return nullptr;
  for (const MatchWord& word : words) {
    const std::string value = TextMember(&said, word.key);
    if (!value.empty()) return {{"type", word.type}, {"value", value}};
  }
  return nullptr;
}

}  // namespace softmig::routers
