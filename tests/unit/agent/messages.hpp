#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/wire/external_processor.pb.h"

namespace softmig::agent::testing {

namespace pb = envoy::service::ext_proc::v3;

/// Messages as Envoy writes them.
inline void Fill(pb::HeaderMap& map, const std::vector<std::pair<std::string, std::string>>& headers) {
  for (const auto& [name, value] : headers) {
    pb::HeaderField& field = *map.add_headers();
    field.set_key(name);
    field.set_raw_value(value);
  }
}

inline pb::ProcessingRequest Observed() {
  pb::ProcessingRequest message;
  message.set_observability_mode(true);
  return message;
}

inline pb::ProcessingRequest RequestHeaders(const std::vector<std::pair<std::string, std::string>>& headers, bool is_end = true) {
  pb::ProcessingRequest message = Observed();
  Fill(*message.mutable_request_headers()->mutable_headers(), headers);
  message.mutable_request_headers()->set_end_of_stream(is_end);
  return message;
}

inline pb::ProcessingRequest ResponseHeaders(const std::vector<std::pair<std::string, std::string>>& headers, bool is_end = false) {
  pb::ProcessingRequest message = Observed();
  Fill(*message.mutable_response_headers()->mutable_headers(), headers);
  message.mutable_response_headers()->set_end_of_stream(is_end);
  return message;
}

inline pb::ProcessingRequest ResponseBody(const std::string& piece, bool is_end) {
  pb::ProcessingRequest message = Observed();
  message.mutable_response_body()->set_body(piece);
  message.mutable_response_body()->set_end_of_stream(is_end);
  return message;
}

inline void SetAttribute(pb::ProcessingRequest& message, const std::string& name, const std::string& value) {
  auto& attributes = (*message.mutable_attributes())["envoy.filters.http.ext_proc"];
  (*attributes.mutable_fields())[name].set_string_value(value);
}

}  // namespace softmig::agent::testing
