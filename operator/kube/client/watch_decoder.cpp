#include "kube/client/watch_decoder.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "kube/core/json_text.hpp"

namespace softmig::kube {
namespace {

std::optional<WatchEventType> TypeOf(const std::string& name) {
  if (name == "ADDED") return WatchEventType::kAdded;
  if (name == "MODIFIED") return WatchEventType::kModified;
  if (name == "DELETED") return WatchEventType::kDeleted;
  if (name == "BOOKMARK") return WatchEventType::kBookmark;
  if (name == "ERROR") return WatchEventType::kError;
  return std::nullopt;
}

}  // namespace

base::Status WatchDecoder::Broken(std::string why) {
  broken_ = true;
  rest_.clear();
  rest_.shrink_to_fit();
  return base::Fail(base::ErrorCode::kInvalid, "reading a watch: " + std::move(why));
}

base::Status WatchDecoder::Feed(std::string_view chunk, const Sink& sink) {
  if (broken_) return Broken("an earlier line was broken");
  while (!chunk.empty()) {
    const std::size_t end = chunk.find('\n');
    const std::string_view piece = chunk.substr(0, end);
    if (rest_.size() + piece.size() > max_line_) return Broken("a line is too long");
    if (end == std::string_view::npos) {
      rest_.append(piece);
      return {};
    }
    chunk.remove_prefix(end + 1);
    base::Status decoded;
    if (rest_.empty()) {
      decoded = DecodeLine(piece, sink);
    } else {
      rest_.append(piece);
      const std::string line = std::move(rest_);
      rest_.clear();
      decoded = DecodeLine(line, sink);
    }
    if (!decoded) return decoded;
  }
  return {};
}

base::Status WatchDecoder::DecodeLine(std::string_view line, const Sink& sink) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  const auto event = ParseJson(line);
  if (!event) return Broken(event.error().message);
  const std::optional<WatchEventType> type = TypeOf(StringField(*event, "type"));
  if (!type) return Broken("an event has no known type");
  const nlohmann::json& object = Child(*event, "object");
  if (!object.is_object()) return Broken("an event has no object");
  sink(*type, object);
  return {};
}

}  // namespace softmig::kube
