#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace softmig::kube {

enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark, kError };

/// Turns the bytes of a watch (one JSON event a line, cut anywhere) into events. Pure, bounded: a line of more than
/// `max_line` bytes is an error. After an error it accepts nothing more. Not thread-safe.
class WatchDecoder {
 public:
  using Sink = std::function<void(WatchEventType, const nlohmann::json& object)>;

  explicit WatchDecoder(std::size_t max_line = 8U << 20U) : max_line_(max_line) {}

  /// Calls `sink` for every complete line of what came so far. kInvalid for a line that is no watch event.
  /// The last line may come without a newline: the API server always sends one, so an unfinished line is simply lost with the stream.
  base::Status Feed(std::string_view chunk, const Sink& sink);

 private:
  base::Status DecodeLine(std::string_view line, const Sink& sink);
  base::Status Broken(std::string why);

  std::size_t max_line_;
  std::string rest_;  // the unfinished line
  bool broken_ = false;
};

}  // namespace softmig::kube
