#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace softmig::model {

/// What a text field may hold: the schema's minLength, maxLength and pattern in one value.
struct TextRule {
  std::size_t min = 1;                        ///< code points, as the API server counts
  std::size_t max = 63;                       ///< code points
  bool (*holds)(std::string_view) = nullptr;  ///< nothing: any text
  std::string_view wanted = "";               ///< ends the sentence "must be …"
};

bool IsDnsLabel(std::string_view text);         ///< a-z, 0-9 and inner dashes
bool IsDnsSubdomain(std::string_view text);     ///< labels joined by dots
bool IsHeaderName(std::string_view text);       ///< an HTTP token
bool IsHeaderValue(std::string_view text);      ///< printable ASCII without outer spaces
bool IsOurHeader(std::string_view name);        ///< says how a request is sent and to whom (Host, Content-Length, …), in any case
bool IsOwnHeaderName(std::string_view text);    ///< an HTTP token that is none of these
bool IsSecretKey(std::string_view text);        ///< letters, digits, '-', '_' and '.'
bool IsDuration(std::string_view text);         ///< 90s, 1h30m, 1.5s, 250ms or 0
bool IsDecimal(std::string_view text);          ///< -12.5: up to 15 digits before and 9 after the point
bool IsRate(std::string_view text);             ///< a decimal from 0 to 1
bool IsChance(std::string_view text);           ///< a decimal from 0.000001 to 0.5
bool IsShare(std::string_view text);            ///< a decimal above 0 and below 1
bool IsRatio(std::string_view text);            ///< a decimal from 1 to 100
bool IsPositiveDecimal(std::string_view text);  ///< a decimal above 0
bool IsHttpAddress(std::string_view text);      ///< http(s)://host[:port][/path], no user, query or fragment
bool IsUrlPath(std::string_view text);          ///< begins with / or ?, printable ASCII without blanks; HasOnlyKnownPlaceholders
bool IsSelection(std::string_view text);        ///< begins as a JSONPath or JSON Pointer does
bool IsPointer(std::string_view text);          ///< RFC 6901, of letters, digits, '.', '_' and '-'
bool IsSpecPointer(std::string_view text);      ///< one that leads into /spec
bool IsApiVersion(std::string_view text);       ///< group/version
bool IsKind(std::string_view text);             ///< a capital and letters and digits
/// Every "{{" opens one of {{namespace}}, {{name}}, {{component}}, {{legacy}}, {{target}}, {{service}}.
bool HasOnlyKnownPlaceholders(std::string_view text);

/// Length in code points; malformed bytes count as one each.
std::size_t CodePoints(std::string_view text);
/// A-Z become a-z, whatever the locale.
std::string LowerAscii(std::string text);
/// Value of a text for which IsDecimal holds; nothing otherwise.
std::optional<double> ParseDecimal(std::string_view text);

inline constexpr TextRule kLabel{1, 63, IsDnsLabel, "lower-case letters, digits and inner dashes, at most 63"};
inline constexpr TextRule kSubdomain{1, 253, IsDnsSubdomain, "a DNS name in lower case, at most 253 characters"};
inline constexpr TextRule kSecretKey{1, 253, IsSecretKey, "letters, digits, dashes, underscores and dots"};
inline constexpr TextRule kHeaderName{1, 256, IsHeaderName, "an HTTP header name"};

}  // namespace softmig::model
