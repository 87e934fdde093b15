#include "kube/runtime/chunk_queue.hpp"

namespace softmig::kube {

void ChunkQueue::Put(StreamItem item) {
  {
    const std::lock_guard lock(mutex_);
    if (overflowed_) return;
    bytes_ += item.bytes.size();
    if (bytes_ > max_bytes_) {
      overflowed_ = true;
      items_.clear();
      item = StreamItem{.kind = StreamItem::Kind::kOverflow, .status = 0, .headers = {}, .bytes = {}, .end = {}};
    }
    items_.push_back(std::move(item));
  }
  changed_.notify_one();
}

void ChunkQueue::PutStatus(int status, http::Headers headers) { Put({StreamItem::Kind::kStatus, status, std::move(headers), {}, {}}); }

void ChunkQueue::PutChunk(std::string_view bytes) { Put({StreamItem::Kind::kChunk, 0, {}, std::string(bytes), {}}); }

void ChunkQueue::PutEnd(base::Status end) { Put({StreamItem::Kind::kEnd, 0, {}, {}, std::move(end)}); }

std::optional<StreamItem> ChunkQueue::Take(const std::stop_token& stop, base::Millis longest) {
  std::unique_lock lock(mutex_);
  const bool some = changed_.wait_for(lock, stop, longest, [this] { return !items_.empty(); });
  if (!some || stop.stop_requested()) return std::nullopt;
  StreamItem item = std::move(items_.front());
  items_.pop_front();
  bytes_ -= item.bytes.size();
  return item;
}

}  // namespace softmig::kube
