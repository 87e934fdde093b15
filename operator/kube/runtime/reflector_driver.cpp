#include "kube/runtime/reflector_driver.hpp"

#include <nlohmann/json.hpp>

#include "kube/client/status_error.hpp"

namespace softmig::kube {
namespace {

constexpr std::size_t kMaxErrorBody = 1U << 20U;
constexpr base::Millis kPageDeadline{30'000};
constexpr base::Millis kForbiddenLogEvery{60'000};

std::uint32_t SeedFrom(const base::Clock& clock, const ReflectorOptions& options) {
  const auto name = std::hash<std::string>()(options.type.plural + "/" + options.ns + "/" + options.field_selector);
  return static_cast<std::uint32_t>(clock.WallNow().time_since_epoch().count()) ^ static_cast<std::uint32_t>(name);
}

}  // namespace

ReflectorDriver::ReflectorDriver(ReflectorOptions options, const Parts& parts)
    : options_(std::move(options)),
      parts_(parts),
      path_(ResourcePath(options_.type, options_.ns, "", "")),
      machine_(options_, SeedFrom(parts.clock, options_)),
      contact_(parts.clock.SteadyNow().time_since_epoch().count()) {}

void ReflectorDriver::GetPage(const std::string& query, const std::stop_token& stop) {
  CallOptions call;
  call.deadline = kPageDeadline;
  call.stop = stop;
  auto page = parts_.client.GetPath(path_ + "?" + query, call);
  if (stop.stop_requested()) return;
  if (page) Touch();
  machine_.OnPage(std::move(page), parts_.sink);
}

std::unique_ptr<http::Stream> ReflectorDriver::Open(const std::string& query, http::StreamCallbacks callbacks) {
  auto request = parts_.client.Authorise(http::Method::kGet, path_ + "?" + query);
  if (!request) {
    machine_.OnStreamEnd(base::Fail(request.error()), base::Millis(0), parts_.sink);
    return nullptr;
  }
  decoder_ = WatchDecoder();
  answer_ = http::Response();
  opened_ = parts_.clock.SteadyNow();
  return parts_.client.transport().OpenStream(std::move(*request), options_.idle, std::move(callbacks));
}

bool ReflectorDriver::Handle(StreamItem item) {
  switch (item.kind) {
    case StreamItem::Kind::kStatus:
      answer_.status = item.status;
      answer_.headers = std::move(item.headers);
      if (Accepted()) machine_.OnStreamOpen(parts_.sink);
      Touch();
      return true;
    case StreamItem::Kind::kChunk: return HandleChunk(item.bytes);
    case StreamItem::Kind::kOverflow: machine_.OnOverflow(parts_.sink); return false;
    case StreamItem::Kind::kEnd: HandleEnd(std::move(item.end)); return false;
  }
  return false;
}

bool ReflectorDriver::HandleChunk(const std::string& bytes) {
  Touch();
  if (!Accepted()) {
    answer_.body.append(bytes, 0, kMaxErrorBody - std::min(kMaxErrorBody, answer_.body.size()));
    return true;
  }
  bool useful = true;
  const auto decoded = decoder_.Feed(
      bytes, [&](WatchEventType type, const nlohmann::json& object) { useful = useful && machine_.OnEvent(type, object, parts_.sink); });
  if (!decoded && useful) machine_.OnStreamEnd(base::Fail(decoded.error()), OpenFor(), parts_.sink);
  return decoded && useful;
}

void ReflectorDriver::HandleEnd(base::Status end) {
  if (answer_.status == 401) parts_.client.config().token->Drop();
  if (answer_.status != 0 && !Accepted()) end = base::Fail(ErrorFromResponse(answer_));
  if (answer_.status == 0 && end) end = base::Fail(base::ErrorCode::kUnavailable, "the watch ended without an answer");
  machine_.OnStreamEnd(end, OpenFor(), parts_.sink);
}

void ReflectorDriver::LogProblem() {
  const auto problem = machine_.TakeProblem();
  if (!problem) return;
  const base::SteadyTime now = parts_.clock.SteadyNow();
  if (problem->code == base::ErrorCode::kForbidden) {
    if (forbidden_logged_ && now - *forbidden_logged_ < kForbiddenLogEvery) return;
    forbidden_logged_ = now;
    parts_.log.Error("missing right to watch", {{"verbs", "list,watch"},
                                                {"resource", options_.type.plural},
                                                {"group", options_.type.group},
                                                {"namespace", options_.ns.empty() ? "(all)" : options_.ns}});
    return;
  }
  if (machine_.absent()) {
    if (!std::exchange(absent_logged_, true)) parts_.log.Warn("the kind is not served; waiting for it", {{"path", path_}});
    return;
  }
  absent_logged_ = false;
  // A 404 of a watch says little: the list that follows tells whether the kind is absent.
  const bool telling = machine_.failures() == 1 && problem->code != base::ErrorCode::kNotFound;
  const base::LogLevel level = telling ? base::LogLevel::kWarn : base::LogLevel::kDebug;
  parts_.log.Write(level, "watch failed, trying again", {{"path", path_}, {"error", problem->ToString()}});
}

base::Millis ReflectorDriver::OpenFor() const { return std::chrono::duration_cast<base::Millis>(parts_.clock.SteadyNow() - opened_); }

}  // namespace softmig::kube
