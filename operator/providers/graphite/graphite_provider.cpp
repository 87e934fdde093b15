#include "providers/graphite/graphite_provider.hpp"

#include <nlohmann/json.hpp>

#include "providers/answer.hpp"

namespace softmig::providers {
namespace {

using model::Reading;
using nlohmann::json;

/// The newest of [[number or null, seconds], …] that is no null.
Reading NewestPoint(const json& series) {
  const json* points = Member(series, "datapoints");
  if (points == nullptr || !points->is_array()) return Fault("a series of the answer has no datapoints");
  for (auto point = points->rbegin(); point != points->rend(); ++point) {
    if (!point->is_array() || point->size() != 2) return Fault("a series of the answer holds no [number, time] pair");
    const Reading reading = ReadJsonNumber(&(*point)[0]);
    if (reading.kind != Reading::Kind::kNoData) return reading;
  }
  return {};
}

}  // namespace

base::Result<http::Request> GraphiteProvider::Request(const Query& query) const {
  if (settings_.window.count() <= 0) return base::Fail(base::ErrorCode::kInvalid, "the window must be above zero");
  return FormRequest(query.address, "/render",
                     "format=json&from=" + WholeSeconds(query.at - settings_.window) + "&until=" + WholeSeconds(query.at) +
                         "&target=" + http::UrlEncode(query.text));
}

Reading GraphiteProvider::Parse(const http::Response& response) const {
  const auto answer = ParseBody(response.body);
  if (auto refusal = RefusalOfJson(response, answer)) return *refusal;
  if (!answer->is_array()) return Fault("the answer is no list of series; does the address speak Graphite's render API?");
  std::vector<NamedValue> values;
  for (const json& series : *answer) values.push_back({TextMember(series, "target"), NewestPoint(series)});
  return ReadingOfValues(values);
}

}  // namespace softmig::providers
