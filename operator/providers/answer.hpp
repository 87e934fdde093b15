#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "model/sample.hpp"

/// What reading any server's answer needs. Nothing here throws.
namespace softmig::providers {

inline constexpr std::size_t kMaxBody = 1U << 20U;        ///< of an answer
inline constexpr std::size_t kMaxRangeBody = 16U << 20U;  ///< of an answer about many instants
inline constexpr std::size_t kMaxMessage = 256;
inline constexpr int kMaxDepth = 64;

/// kError with the message as one line without control characters, valid UTF-8 cut at a character's end, at most kMaxMessage bytes.
/// REQUIRES: the message is UTF-8.
model::Reading Fault(std::string_view message);

/// The beginning of a text that may hold any bytes, with "?" for those that are not ASCII.
std::string AsciiOf(std::string_view body);

/// Whether brackets and braces (outside of strings) are nested deeper than kMaxDepth. Linear.
bool IsTooDeep(std::string_view body);

/// Nothing where the body is too large, too deep or no JSON.
std::optional<nlohmann::json> ParseBody(const std::string& body, std::size_t max_size = kMaxBody);

/// Null where the value is no object or has no such member.
const nlohmann::json* Member(const nlohmann::json& value, std::string_view key);
/// Empty where there is no such text.
std::string TextMember(const nlohmann::json& value, std::string_view key);

/// A decimal number as text: kNumber, kNaN for "NaN", else kError.
model::Reading ReadNumber(const std::string& text);
/// kNumber where finite, kNaN, or kError for an infinity.
model::Reading ReadDouble(double number);

inline bool IsSuccess(const http::Response& response) { return response.status >= 200 && response.status < 300; }
/// "HTTP 503: words", or without words where there are none.
model::Reading StatusFault(int status, std::string_view words);

/// Names labels: FNV-1a over them in the order of their names. 0 where there are none; never 0 where there are some.
std::uint64_t IdOf(const nlohmann::json* labels);

/// Without the slashes at its end; nothing where it is no http(s)://host[:port][/prefix].
std::optional<std::string> BaseUrl(std::string_view address);

}  // namespace softmig::providers
