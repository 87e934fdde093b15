#include "transport_probe.hpp"

#include <future>

namespace softmig::http::testing {
namespace {

class PrepareSdk : public ::testing::Environment {
 public:
  void SetUp() override { PrepareProcessForCpprest(); }
};
[[maybe_unused]] const auto* const kPrepareSdk = ::testing::AddGlobalTestEnvironment(new PrepareSdk);

}  // namespace

base::Result<Response> Ask(HttpTransport& transport, Request request, SendOptions options) {
  auto promise = std::make_shared<std::promise<base::Result<Response>>>();
  auto answer = promise->get_future();
  transport.Send(std::move(request), std::move(options),
                 [promise](base::Result<Response> result) { promise->set_value(std::move(result)); });
  if (answer.wait_for(kHang) == std::future_status::ready) return answer.get();
  return base::Fail(base::ErrorCode::kInternal, "hang");
}

Request Get(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

Request Post(std::string url, std::string body) {
  Request request;
  request.method = Method::kPost;
  request.url = std::move(url);
  request.body = std::move(body);
  return request;
}

StreamCallbacks StreamLog::Callbacks() {
  StreamCallbacks callbacks;
  callbacks.on_status = [this](int status, const Headers&) {
    const std::lock_guard lock(mutex_);
    in_order_ = in_order_ && status_ == 0 && text_.empty() && ends_ == 0;
    status_ = status;
    changed_.notify_all();
  };
  callbacks.on_chunk = [this](std::string_view chunk) {
    const std::lock_guard lock(mutex_);
    in_order_ = in_order_ && status_ != 0 && ends_ == 0;
    text_ += chunk;
    changed_.notify_all();
  };
  callbacks.on_end = [this](base::Status end) {
    const std::lock_guard lock(mutex_);
    ++ends_;
    end_ = std::move(end);
    changed_.notify_all();
  };
  return callbacks;
}

bool StreamLog::WaitForText(const std::string& text) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kHang, [&]() { return text_.find(text) != std::string::npos; });
}

base::Status StreamLog::WaitForEnd() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kHang, [&]() { return end_.has_value(); })) return base::Fail(base::ErrorCode::kInternal, "hang");
  return *end_;
}

std::string StreamLog::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

int StreamLog::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

int StreamLog::ends() const {
  const std::lock_guard lock(mutex_);
  return ends_;
}

bool StreamLog::in_order() const {
  const std::lock_guard lock(mutex_);
  return in_order_;
}

std::string KindName(const ::testing::TestParamInfo<TransportKind>& info) {
  return info.param == TransportKind::kBeast ? "Beast" : "Cpprest";
}

}  // namespace softmig::http::testing
