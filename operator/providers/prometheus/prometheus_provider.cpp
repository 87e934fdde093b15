#include "providers/prometheus/prometheus_provider.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

constexpr std::size_t kMaxGetUrl = 4U << 10U;
constexpr std::size_t kMaxBody = 1U << 20U;
constexpr std::size_t kMaxMessage = 256;
constexpr int kMaxDepth = 64;

/// Unix time in seconds with milliseconds, as the API takes it.
std::string UnixSeconds(base::WallTime at) {
  const long long total = at.time_since_epoch().count();
  const long long seconds = total >= 0 ? total / 1000 : 0;
  std::string millis = std::to_string(total >= 0 ? total % 1000 : 0);
  millis.insert(0, 3 - millis.size(), '0');
  return std::to_string(seconds) + "." + millis;
}

/// One line without control characters, valid UTF-8 cut at a character's end, at most kMaxMessage bytes.
std::string Words(std::string_view text) {
  std::string words(text.substr(0, kMaxMessage));
  if (text.size() > kMaxMessage) {
    while (!words.empty() && (static_cast<unsigned char>(words.back()) & 0xC0U) == 0x80U) words.pop_back();
    if (!words.empty() && static_cast<unsigned char>(words.back()) >= 0xC0U) words.pop_back();
  }
  for (char& c : words) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return words;
}

Reading Fault(std::string_view message) { return {Reading::Kind::kError, 0, Words(message)}; }

/// A body that is no JSON may hold any bytes: only ASCII is kept.
std::string AsciiOf(std::string_view body) {
  std::string text(body.substr(0, kMaxMessage));
  for (char& c : text) c = static_cast<unsigned char>(c) >= 0x80 ? '?' : c;
  return text;
}

/// Nothing where the body is too large, too deep or no JSON.
std::optional<json> ParseBody(const std::string& body) {
  if (body.size() > kMaxBody) return std::nullopt;
  const auto limit_depth = [](int depth, json::parse_event_t, const json&) {
    if (depth > kMaxDepth) throw std::length_error("nested too deep");
    return true;
  };
  try {
    return json::parse(body, limit_depth);
  } catch (const std::exception&) {
    return std::nullopt;
  }
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

/// [time, "number"].
Reading ReadPoint(const json* point) {
  if (point == nullptr || !point->is_array() || point->size() != 2 || !(*point)[1].is_string()) {
    return Fault("the answer holds no [time, \"number\"] pair");
  }
  return ReadNumber((*point)[1].get_ref<const std::string&>());
}

/// FNV-1a over the labels in the order of their names; never 0 where there are labels.
std::uint64_t IdOf(const json* labels) {
  if (labels == nullptr || !labels->is_object() || labels->empty()) return 0;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : labels->dump(-1, ' ', false, json::error_handler_t::replace)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return hash == 0 ? 1 : hash;
}

Reading ReadSeries(const json& series) {
  if (Member(series, "histogram") != nullptr)
    return Fault("the query gives a histogram, want a number: use histogram_quantile(...) or alike");
  Reading reading = ReadPoint(Member(series, "value"));
  if (reading.kind == Reading::Kind::kNumber) reading.id = IdOf(Member(series, "metric"));
  return reading;
}

Reading ReadVector(const json& result) {
  if (result.empty()) return {};
  if (result.size() == 1) return ReadSeries(result[0]);
  Reading all;
  all.kind = Reading::Kind::kSeries;
  std::set<std::uint64_t> ids;
  for (const json& series : result) {
    Reading one = ReadSeries(series);
    if (one.kind != Reading::Kind::kNumber) return one;
    if (!ids.insert(one.id).second) return Fault("the answer holds a series twice");
    all.series.push_back({one.id, one.number});
  }
  return all;
}

Reading ReadData(const json& answer) {
  const json* data = Member(answer, "data");
  const json* result = data == nullptr ? nullptr : Member(*data, "result");
  if (result == nullptr || !result->is_array()) return Fault("the answer has no data.result list");
  const std::string type = TextMember(*data, "resultType");
  if (type == "vector") return ReadVector(*result);
  if (type == "scalar") return ReadPoint(result);
  return Fault("the query gives a " + (type.empty() ? "result of unknown type" : type) + ", want one number");
}

/// "bad_data: parse error …", or what little there is.
Reading ReadError(const http::Response& response, const std::optional<json>& answer) {
  const std::string status = "HTTP " + std::to_string(response.status);
  if (!answer) return Fault(response.body.empty() ? status : status + ": " + AsciiOf(response.body));
  const std::string type = TextMember(*answer, "errorType");
  const std::string text = TextMember(*answer, "error");
  if (type.empty() && text.empty()) return Fault(status + " without a reason");
  return Fault(type + (type.empty() || text.empty() ? "" : ": ") + text);
}

}  // namespace

base::Result<http::Request> PrometheusProvider::Request(const Query& query) const {
  std::string address = query.address;
  while (address.ends_with('/')) address.pop_back();
  if (address.size() > kMaxGetUrl || address.find_first_of("?#") != std::string::npos || !http::ParseUrl(address)) {
    return base::Fail(base::ErrorCode::kInvalid, "the metrics address is no http(s)://host:port[/prefix]: " + AsciiOf(query.address));
  }
  http::Request request;
  request.headers = {{"Accept", "application/json"}};
  request.url = address + "/api/v1/query";
  const std::string form = "query=" + http::UrlEncode(query.text) + "&time=" + UnixSeconds(query.at);
  if (request.url.size() + 1 + form.size() <= kMaxGetUrl) {
    request.url += "?" + form;
    return request;
  }
  request.method = http::Method::kPost;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = form;
  return request;
}

model::Reading PrometheusProvider::Parse(const http::Response& response) const {
  if (response.body.size() > kMaxBody) return Fault("the answer is larger than 1 MiB");
  const std::optional<json> answer = ParseBody(response.body);
  const bool success = response.status >= 200 && response.status < 300;
  if (!success) return ReadError(response, answer);
  if (!answer || !answer->is_object()) return Fault("the answer is no JSON object; does the address speak Prometheus' API?");
  const std::string status = TextMember(*answer, "status");
  if (status == "success") return ReadData(*answer);
  return status == "error" ? ReadError(response, answer) : Fault("the answer has no status: success");
}

}  // namespace softmig::providers
