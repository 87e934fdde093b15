#include "providers/answer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

constexpr std::size_t kMaxAddress = 2U << 10U;
constexpr std::size_t kMaxGetUrl = 4U << 10U;

std::string Words(std::string_view text) {
  std::string words(text.substr(0, kMaxMessage));
  if (text.size() > kMaxMessage) {
    while (!words.empty() && (static_cast<unsigned char>(words.back()) & 0xC0U) == 0x80U) words.pop_back();
    if (!words.empty() && static_cast<unsigned char>(words.back()) >= 0xC0U) words.pop_back();
  }
  for (char& c : words) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return words;
}

std::unexpected<base::Error> NoAddress(const std::string& address) {
  return base::Fail(base::ErrorCode::kInvalid, "the metrics address is no http(s)://host:port[/prefix]: " + AsciiOf(address));
}

}  // namespace

Reading Fault(std::string_view message) { return {Reading::Kind::kError, 0, Words(message)}; }

std::string AsciiOf(std::string_view body) {
  std::string text(body.substr(0, kMaxMessage));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

bool IsTooDeep(std::string_view body) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string && c == '\\') ++i;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if ((c == '[' || c == '{') && ++depth > kMaxDepth) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

// The depth is looked at beforehand: the library's own parse callback takes quadratic time over a list of objects.
std::optional<json> ParseBody(const std::string& body, std::size_t max_size) {
  if (body.size() > max_size || IsTooDeep(body)) return std::nullopt;
  json parsed = json::parse(body, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

const json* Member(const json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

std::string TextMember(const json& value, std::string_view key) {
  const json* member = Member(value, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

Reading ReadDouble(double number) {
  if (std::isnan(number)) return {Reading::Kind::kNaN, 0, ""};
  if (!std::isfinite(number)) return Fault(number > 0 ? "the query gives +Inf" : "the query gives -Inf");
  return {Reading::Kind::kNumber, number, ""};
}

Reading ReadNumber(const std::string& text) {
  if (text == "NaN") return {Reading::Kind::kNaN, 0, ""};
  double number = 0;
  const char* end = text.data() + text.size();
  const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (digits.empty() || error != std::errc() || stop != end) return Fault("the query gives no number: " + text);
  if (!std::isfinite(number)) return Fault("the query gives " + text);
  return {Reading::Kind::kNumber, number, ""};
}

Reading StatusFault(int status, std::string_view words) {
  std::string message = "HTTP " + std::to_string(status);
  if (!words.empty()) message.append(": ").append(words);
  return Fault(message);
}

std::uint64_t IdOf(const json* labels) {
  if (labels == nullptr || !labels->is_object() || labels->empty()) return 0;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : labels->dump(-1, ' ', false, json::error_handler_t::replace)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash == 0 ? 1 : hash;
}

Reading ReadingOfValues(const std::vector<NamedValue>& values) {
  Reading all;
  std::set<std::uint64_t> ids;
  for (const NamedValue& value : values) {
    if (value.reading.kind == Reading::Kind::kNoData) continue;
    if (value.reading.kind != Reading::Kind::kNumber) return value.reading;
    const json name{{"name", value.name}};
    if (!ids.insert(IdOf(&name)).second) return Fault("the answer holds a series twice");
    all.series.push_back({IdOf(&name), value.reading.number});
  }
  if (all.series.empty()) return {};
  if (all.series.size() == 1) return {Reading::Kind::kNumber, all.series[0].number, ""};
  all.kind = Reading::Kind::kSeries;
  return all;
}

Reading ReadJsonNumber(const json* value) {
  if (value == nullptr) return Fault("the answer holds no number where one is wanted");
  if (value->is_null()) return {};
  if (value->is_number()) return ReadDouble(value->get<double>());
  if (value->is_string()) return ReadNumber(value->get_ref<const std::string&>());
  return Fault(std::string("the answer holds a value of type ") + value->type_name() + ", want one number");
}

std::string ErrorWords(const json& answer) {
  for (const char* key : {"error", "errors", "message", "Message"}) {
    const json* words = Member(answer, key);
    if (words != nullptr && words->is_array() && !words->empty()) words = &words->front();
    if (words == nullptr) continue;
    if (words->is_string()) return words->get<std::string>();
    if (std::string inner = TextMember(*words, "message"); !inner.empty()) return inner;
  }
  return {};
}

std::optional<Reading> RefusalOfJson(const http::Response& response, const std::optional<json>& answer) {
  if (!IsSuccess(response)) {
    const bool has_words = answer && answer->is_object() && !ErrorWords(*answer).empty();
    return StatusFault(response.status, has_words ? ErrorWords(*answer) : AsciiOf(response.body));
  }
  if (response.body.size() > kMaxBody) return Fault("the answer is larger than 1 MiB");
  if (!answer) return Fault("the answer is no JSON: " + AsciiOf(response.body));
  return std::nullopt;
}

base::Result<http::Request> FormRequest(const std::string& address, std::string_view path, const std::string& form) {
  const auto base_url = BaseUrl(address);
  if (!base_url) return NoAddress(address);
  http::Request request;
  request.headers = {{"Accept", "application/json"}};
  request.url = *base_url;
  request.url += path;
  if (request.url.size() + 1 + form.size() <= kMaxGetUrl) {
    request.url += "?" + form;
    return request;
  }
  request.method = http::Method::kPost;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = form;
  return request;
}

base::Result<http::Request> JsonRequest(const std::string& address, std::string_view path, const json& body) {
  const auto base_url = BaseUrl(address);
  if (!base_url) return NoAddress(address);
  http::Request request;
  request.method = http::Method::kPost;
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}};
  request.url = *base_url;
  request.url += path;
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

std::string WholeSeconds(base::WallTime at) {
  const long long seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
  return std::to_string(std::max(seconds, 0LL));
}

std::optional<std::string> BaseUrl(std::string_view address) {
  while (address.ends_with('/')) address.remove_suffix(1);
  if (address.size() > kMaxAddress || address.find_first_of("?#") != std::string_view::npos || !http::ParseUrl(address))
    return std::nullopt;
  return std::string(address);
}

}  // namespace softmig::providers
