#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
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

/// The beginning of a text that may hold any bytes, with "?" for those that are not ASCII and blanks for control characters.
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

/// A series of an answer by the name the source gives it; no number: its newest point has none.
struct NamedValue {
  std::string name;
  model::Reading reading;  ///< kNumber, kNaN, kNoData or kError
};
/// The reading of an answer whose series are values: one number has the id 0, several have ids by their names, and a series without data
/// is none. The first NaN or error speaks for all.
model::Reading ReadingOfValues(const std::vector<NamedValue>& values);

/// A JSON number, null (kNoData), or a number as text; else kError.
model::Reading ReadJsonNumber(const nlohmann::json* value);

/// The words of an error as most servers put them: in `error`, `errors`, `message` or `Message`. Empty where there are none.
std::string ErrorWords(const nlohmann::json& answer);
/// Why an answer must not be read: no success, or no JSON. Else nothing, and `answer` is there.
std::optional<model::Reading> RefusalOfJson(const http::Response& response, const std::optional<nlohmann::json>& answer);

/// GET address + path + "?" + form; a POST of the form where the URL would be longer than 4 KiB. kInvalid where the address is none.
base::Result<http::Request> FormRequest(const std::string& address, std::string_view path, const std::string& form);
/// POST of JSON to address + path.
base::Result<http::Request> JsonRequest(const std::string& address, std::string_view path, const nlohmann::json& body);

/// Seconds since 1970 without a fraction; 0 before that.
std::string WholeSeconds(base::WallTime at);

/// Without the slashes at its end; nothing where it is no http(s)://host[:port][/prefix].
std::optional<std::string> BaseUrl(std::string_view address);

}  // namespace softmig::providers
