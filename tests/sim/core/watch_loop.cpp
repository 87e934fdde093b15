#include "sim/core/watch_loop.hpp"

#include <nlohmann/json.hpp>

namespace softmig::simulator {

using Item = kube::StreamItem;

WatchLoop::WatchLoop(Process& process, Loop& loop, kube::ReflectorOptions options, const kube::ReflectorDriver::Parts& parts)
    : process_(process),
      loop_(loop),
      driver_(std::make_shared<kube::ReflectorDriver>(std::move(options), parts)),
      self_(std::make_shared<WatchLoop*>(this)) {
  StepSoon(Time(0));
}

WatchLoop::~WatchLoop() { *self_ = nullptr; }

void WatchLoop::StepSoon(Time delay) {
  loop_.After(delay, process_.shared_from_this(), [self = self_] {
    if (*self != nullptr) (*self)->Step();
  });
}

void WatchLoop::Step() {
  stream_.reset();
  const kube::ReflectorStep step = driver_->Next();
  switch (step.kind) {
    case kube::ReflectorStep::Kind::kWait: return StepSoon(step.wait);
    case kube::ReflectorStep::Kind::kPage:
      process_.Spawn([self = self_, driver = driver_, query = step.query] {  // this may be gone before the page is there
        driver->GetPage(query, {});
        if (*self != nullptr) (*self)->StepSoon(Time(0));
      });
      return;
    case kube::ReflectorStep::Kind::kStream: break;
  }
  stream_ = driver_->Open(step.query, Callbacks());
  if (!stream_) StepSoon(Time(0));
}

http::StreamCallbacks WatchLoop::Callbacks() {
  http::StreamCallbacks callbacks;
  const auto take = [self = self_](Item item) {
    if (*self != nullptr) (*self)->Take(std::move(item));
  };
  callbacks.on_status = [take](int status, const http::Headers& headers) { take({Item::Kind::kStatus, status, headers, {}, {}}); };
  callbacks.on_chunk = [take](std::string_view chunk) { take({Item::Kind::kChunk, 0, {}, std::string(chunk), {}}); };
  callbacks.on_end = [take](base::Status end) { take({Item::Kind::kEnd, 0, {}, {}, std::move(end)}); };
  return callbacks;
}

void WatchLoop::Take(Item item) {
  if (!stream_ || driver_->Handle(std::move(item))) return;
  stream_.reset();
  StepSoon(Time(0));
}

LeaseMail::LeaseMail(const base::Clock& clock, std::function<void()> arrived) : clock_(clock), arrived_(std::move(arrived)) {}
LeaseMail::~LeaseMail() = default;

void LeaseMail::OnApplied(const nlohmann::json& lease) {
  newest_ = std::make_unique<nlohmann::json>(lease);
  seen_ = clock_.SteadyNow();
  arrived_();
}

std::optional<LeaseMail::Letter> LeaseMail::Take() {
  if (!newest_) return std::nullopt;
  return Letter{std::move(newest_), seen_};
}

}  // namespace softmig::simulator
