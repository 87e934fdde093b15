#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace softmig::kube {

/// What a stream delivered.
struct StreamItem {
  enum class Kind { kStatus, kChunk, kEnd, kOverflow };
  Kind kind = Kind::kEnd;
  int status = 0;
  http::Headers headers;
  std::string bytes;
  base::Status end;
};

/// Between the transport's thread, which only puts things down, and the reflector's thread, which decodes them. Holds at most
/// `max_bytes`; beyond that everything is dropped and the reader gets kOverflow. Thread-safe.
class ChunkQueue {
 public:
  explicit ChunkQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void PutStatus(int status, http::Headers headers);
  void PutChunk(std::string_view bytes);
  void PutEnd(base::Status end);

  /// The oldest item; nothing after `longest` or once `stop` is requested.
  std::optional<StreamItem> Take(const std::stop_token& stop, base::Millis longest);

 private:
  void Put(StreamItem item);

  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<StreamItem> items_ SM_GUARDED_BY(mutex_);
  std::size_t bytes_ SM_GUARDED_BY(mutex_) = 0;
  bool overflowed_ SM_GUARDED_BY(mutex_) = false;
};

}  // namespace softmig::kube
