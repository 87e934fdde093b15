#include "agent/wire/feed.hpp"

#include <string>
#include <vector>

#include "agent/wire/external_processor.pb.h"

namespace softmig::agent {
namespace {

namespace pb = envoy::service::ext_proc::v3;

std::vector<HeaderField> FieldsOf(const pb::HeaderMap& map) {
  std::vector<HeaderField> fields;
  fields.reserve(static_cast<std::size_t>(map.headers_size()));
  for (const pb::HeaderField& field : map.headers()) {
    fields.push_back({field.key(), field.raw_value().empty() ? field.value() : field.raw_value()});
  }
  return fields;
}

/// The attribute of whichever filter sent it; empty where none did.
std::string_view AttributeOf(const pb::ProcessingRequest& message, const std::string& name) {
  for (const auto& [filter, attributes] : message.attributes()) {
    const auto found = attributes.fields().find(name);
    if (found != attributes.fields().end()) return found->second.string_value();
  }
  return {};
}

Origin OriginOf(const pb::ProcessingRequest& message) {
  return {AttributeOf(message, "xds.route_name"), AttributeOf(message, "xds.cluster_name")};
}

}  // namespace

Capture::Want Feed(const pb::ProcessingRequest& message, Capture& capture) {
  if (!message.observability_mode()) {
    capture.StopUnread(Skip::kNotObserving);
    return Capture::Want::kNothing;
  }
  switch (message.request_case()) {
    case pb::ProcessingRequest::kRequestHeaders: {
      const pb::HttpHeaders& headers = message.request_headers();
      return capture.RequestHeaders(FieldsOf(headers.headers()), headers.end_of_stream(), OriginOf(message));
    }
    case pb::ProcessingRequest::kResponseHeaders: {
      const pb::HttpHeaders& headers = message.response_headers();
      return capture.ResponseHeaders(FieldsOf(headers.headers()), headers.end_of_stream());
    }
    case pb::ProcessingRequest::kRequestBody:
      return capture.RequestBody(message.request_body().body(), message.request_body().end_of_stream());
    case pb::ProcessingRequest::kResponseBody:
      return capture.ResponseBody(message.response_body().body(), message.response_body().end_of_stream());
    case pb::ProcessingRequest::kRequestTrailers: return capture.RequestTrailers();
    case pb::ProcessingRequest::kResponseTrailers: return capture.ResponseTrailers(FieldsOf(message.response_trailers().trailers()));
    case pb::ProcessingRequest::REQUEST_NOT_SET: break;
  }
  return capture.Unknown();
}

}  // namespace softmig::agent
