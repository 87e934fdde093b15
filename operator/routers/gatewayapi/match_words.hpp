#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

namespace softmig::routers {

/// A key by which another API says how a text must match, and the Gateway API's `type` for it.
struct MatchWord {
  const char* key;
  const char* type;
};
inline constexpr MatchWord kTextWords[] = {{"exact", "Exact"}, {"regex", "RegularExpression"}};
inline constexpr MatchWord kPathWords[] = {{"prefix", "PathPrefix"}, {"exact", "Exact"}, {"regex", "RegularExpression"}};

/// {"exact": "a"} as {"type": "Exact", "value": "a"}; null for anything but one of `words` with a text that is not empty. Never throws.
nlohmann::json InGatewayWords(const nlohmann::json& said, std::span<const MatchWord> words);

}  // namespace softmig::routers
