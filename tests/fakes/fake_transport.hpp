#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "http/transport.hpp"

namespace softmig::fakes {

/// The test's end of one open stream. Thread-safe; callbacks run on the caller's thread.
class FakeStream {
 public:
  FakeStream(http::Request request, base::Millis idle, http::StreamCallbacks callbacks)
      : request_(std::move(request)), idle_(idle), callbacks_(std::move(callbacks)) {}

  /// Each is false once the reader has closed the stream, or after End.
  bool SendStatus(int status, const http::Headers& headers = {}) {
    return IfOpen([&] { callbacks_.on_status(status, headers); });
  }
  bool SendChunk(std::string_view chunk) {
    return IfOpen([&] { callbacks_.on_chunk(chunk); });
  }
  bool SendEnd(base::Status end = {}) {
    return IfOpen([&] {
      open_ = false;
      callbacks_.on_end(std::move(end));
    });
  }

  [[nodiscard]] const http::Request& request() const { return request_; }
  [[nodiscard]] base::Millis idle() const { return idle_; }

  /// True once the reader has closed it; waits for at most ten seconds.
  bool WaitUntilClosed() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return closed_; });
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
    closed_ = true;
    changed_.notify_all();
  }

 private:
  template <typename Action>
  bool IfOpen(const Action& action) {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    action();
    return true;
  }

  const http::Request request_;
  const base::Millis idle_;
  const http::StreamCallbacks callbacks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  bool closed_ = false;
};

/// An HttpTransport whose peer is a function of the test. Thread-safe. Streams are kept until the transport's end.
class FakeTransport final : public http::HttpTransport {
 public:
  /// Called under no lock, on the thread that sends. Nothing: the peer is dead, the request stays unanswered.
  using Handler = std::function<std::optional<base::Result<http::Response>>(const http::Request&)>;

  explicit FakeTransport(Handler handler = {}) : handler_(std::move(handler)) {}
  ~FakeTransport() override {
    for (auto& done : unanswered_) done(base::Fail(base::ErrorCode::kCancelled, "the transport is gone"));
  }

  void Send(http::Request request, http::SendOptions options, std::function<void(base::Result<http::Response>)> done) override {
    if (options.may_send && !options.may_send()) return done(base::Fail(base::ErrorCode::kFenced, "not sent"));
    std::optional<base::Result<http::Response>> answer;
    if (handler_) answer = handler_(request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      if (!answer) unanswered_.push_back(done);
      changed_.notify_all();
    }
    if (answer) done(std::move(*answer));
  }

  std::unique_ptr<http::Stream> OpenStream(http::Request request, base::Millis idle, http::StreamCallbacks callbacks) override {
    auto stream = std::make_shared<FakeStream>(std::move(request), idle, std::move(callbacks));
    const std::lock_guard lock(mutex_);
    streams_.push_back(stream);
    changed_.notify_all();
    return std::make_unique<Closer>(stream);
  }

  /// The stream that was opened as number `index` from 0; null where none was within ten seconds.
  std::shared_ptr<FakeStream> WaitForStream(std::size_t index) {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, std::chrono::seconds(10), [&] { return streams_.size() > index; });
    return came ? streams_[index] : nullptr;
  }
  /// False where fewer than `count` requests were sent within ten seconds.
  bool WaitForRequests(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
  }
  [[nodiscard]] std::vector<http::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  class Closer final : public http::Stream {
   public:
    explicit Closer(std::shared_ptr<FakeStream> stream) : stream_(std::move(stream)) {}
    ~Closer() override { stream_->Close(); }
    Closer(const Closer&) = delete;
    Closer& operator=(const Closer&) = delete;

   private:
    std::shared_ptr<FakeStream> stream_;
  };

  const Handler handler_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<http::Request> requests_;
  std::vector<std::shared_ptr<FakeStream>> streams_;
  std::vector<std::function<void(base::Result<http::Response>)>> unanswered_;
};

}  // namespace softmig::fakes
