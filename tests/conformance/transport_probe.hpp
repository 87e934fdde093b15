#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/transport.hpp"
#include "transport_peer.hpp"

namespace softmig::http::testing {

/// Far longer than anything here takes: reaching it means a hang.
inline constexpr std::chrono::seconds kHang{30};

/// Keeps the processor for so long. No yield and no sleep: on a busy machine either takes milliseconds.
inline void SpinFor(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

/// Sends and waits, but not for ever: a hang becomes kInternal "hang".
base::Result<Response> Ask(HttpTransport& transport, Request request, SendOptions options = {});
Request Get(std::string url);
Request Post(std::string url, std::string body);

/// Everything a stream reports. Thread-safe.
class StreamLog {
 public:
  StreamCallbacks Callbacks();
  /// True once `text` was received; false where it is not for long.
  [[nodiscard]] bool WaitForText(const std::string& text);
  /// How it ended; kInternal "hang" where it does not for long.
  [[nodiscard]] base::Status WaitForEnd();
  [[nodiscard]] std::string text() const;
  [[nodiscard]] int status() const;
  [[nodiscard]] int ends() const;
  [[nodiscard]] bool in_order() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  int status_ = 0;
  int ends_ = 0;
  bool in_order_ = true;
  std::optional<base::Status> end_;
};

/// One suite for every transport: the parameter says which.
class TransportTest : public ::testing::TestWithParam<TransportKind> {
 protected:
  std::unique_ptr<HttpTransport> transport_ = MakeTransport(GetParam());
};

std::string KindName(const ::testing::TestParamInfo<TransportKind>& info);

}  // namespace softmig::http::testing

#define SM_FOR_EACH_TRANSPORT(suite) \
  INSTANTIATE_TEST_SUITE_P(Each, suite, ::testing::Values(TransportKind::kBeast, TransportKind::kCpprest), KindName)
