#include "kube/runtime/reflector_machine.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/backoff.hpp"
#include "kube/client/status_error.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::kube {
namespace {

constexpr int kPageSize = 500;
constexpr unsigned kServerErrorsBeforeRestart = 5;
constexpr base::Millis kSuspiciouslyShort{1'000};
constexpr base::Millis kMaxRetryAfter{60'000};
// Doubled at most by jitter.
constexpr base::Millis kMaxAbsentBackoff{2'500};
constexpr base::Millis kMaxServerErrorBackoff{2'500};
constexpr base::Millis kMaxUnreachableBackoff{500};  // a second after the API server's return we must see again
constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";

bool IsRefusal(const base::Error& error) {
  const int status = error.http_status.value_or(0);
  return status == 400 || status == 404 || status == 405 || status == 406 || status == 415 || status == 422;
}

bool EndsInitialEvents(const nlohmann::json& bookmark) {
  return StringField(Child(Child(bookmark, "metadata"), "annotations"), kInitialEventsEnd) == "true";
}

/// Items of a list of a built-in kind come without their kind.
void FillType(nlohmann::json& item, const ResourceType& type) {
  if (!item.is_object()) return;
  if (!item.contains("apiVersion")) item["apiVersion"] = type.ApiVersion();
  if (!item.contains("kind")) item["kind"] = type.kind;
}

base::Error MakeError(base::ErrorCode code, const char* message) { return {code, message, std::nullopt, std::nullopt}; }

}  // namespace

ReflectorMachine::ReflectorMachine(const ReflectorOptions& options, std::uint32_t seed) : options_(options), random_(seed) {}

std::string ReflectorMachine::Selector() const {
  std::string selector;
  if (!options_.field_selector.empty()) selector += "&fieldSelector=" + http::UrlEncode(options_.field_selector);
  if (!options_.label_selector.empty()) selector += "&labelSelector=" + http::UrlEncode(options_.label_selector);
  return selector;
}

ReflectorStep ReflectorMachine::Next() {
  if (wait_ > base::Millis(0)) {
    const base::Millis wait = std::exchange(wait_, base::Millis(0));
    return {ReflectorStep::Kind::kWait, "", wait};
  }
  events_ = 0;
  stop_stream_ = false;
  if (state_ == ReflectorState::kPaging) {
    const std::string from = continue_.empty() ? "" : "&continue=" + http::UrlEncode(continue_);
    return {ReflectorStep::Kind::kPage, "limit=" + std::to_string(kPageSize) + from + Selector(), base::Millis(0)};
  }
  // Random, so that the watches of a restarted server do not all end together.
  const int timeout = std::uniform_int_distribution<int>(290, 600)(random_);
  std::string query = "watch=1&allowWatchBookmarks=true&timeoutSeconds=" + std::to_string(timeout) + Selector();
  if (state_ == ReflectorState::kSnapshotStream) {
    query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  } else {
    query += "&resourceVersion=" + http::UrlEncode(resource_version_);
  }
  return {ReflectorStep::Kind::kStream, query, base::Millis(0)};
}

void ReflectorMachine::OnStreamOpen(ReflectorSink& sink) {
  if (state_ == ReflectorState::kSnapshotStream) sink.OnRestart();
}

bool ReflectorMachine::OnEvent(WatchEventType type, const nlohmann::json& object, ReflectorSink& sink) {
  if (stop_stream_) return false;
  ++events_;
  switch (type) {
    case WatchEventType::kError: Fail(ErrorFromStatus(object), sink); return false;
    case WatchEventType::kBookmark: OnBookmark(object, sink); return !stop_stream_;
    case WatchEventType::kDeleted: sink.OnDeleted(object); break;
    case WatchEventType::kAdded:
    case WatchEventType::kModified: sink.OnApplied(object); break;
  }
  // Events of a snapshot come in no order of versions: only the bookmark says how far it reaches.
  if (state_ != ReflectorState::kWatching) return true;
  failures_ = 0;
  const std::string version = ParseMeta(object).resource_version;
  if (!version.empty()) resource_version_ = version;
  return true;
}

void ReflectorMachine::OnBookmark(const nlohmann::json& object, ReflectorSink& sink) {
  const std::string version = ParseMeta(object).resource_version;
  if (state_ == ReflectorState::kWatching) {
    failures_ = 0;
    if (!version.empty()) resource_version_ = version;
    return;
  }
  if (EndsInitialEvents(object) && !version.empty()) return Synced(version, sink);
  // A server that knows no WatchList ignores the parameters: it would never tell when the snapshot is complete.
  watch_list_refused_ = true;
  stop_stream_ = true;
  Restart();
}

void ReflectorMachine::OnStreamEnd(const base::Status& end, base::Millis open_for, ReflectorSink& sink) {
  if (stop_stream_) return;
  if (!end) return Fail(end.error(), sink);
  if (state_ == ReflectorState::kSnapshotStream) {
    return Fail(MakeError(base::ErrorCode::kUnavailable, "the watch ended before its snapshot was complete"), sink);
  }
  if (events_ == 0 && open_for < kSuspiciouslyShort) {
    Fail(MakeError(base::ErrorCode::kUnavailable, "the watch ended at once and without an event"), sink);
  }
}

void ReflectorMachine::OnOverflow(ReflectorSink& sink) {
  if (state_ == ReflectorState::kSnapshotStream) watch_list_refused_ = true;  // pages come only as fast as we take them
  Fail(MakeError(base::ErrorCode::kInvalid, "more events arrived than could be kept"), sink);
}

void ReflectorMachine::OnPage(base::Result<nlohmann::json> page, ReflectorSink& sink) {
  if (!page) return Fail(page.error(), sink);
  const std::string version = ParseMeta(*page).resource_version;
  const bool has_items = page->is_object() && page->contains("items") && ((*page)["items"].is_array() || (*page)["items"].is_null());
  if (!has_items || version.empty()) return Fail(MakeError(base::ErrorCode::kInvalid, "the answer is not a list"), sink);
  if (continue_.empty()) sink.OnRestart();
  for (nlohmann::json& item : (*page)["items"]) {
    FillType(item, options_.type);
    sink.OnApplied(item);
  }
  continue_ = StringField(Child(*page, "metadata"), "continue");
  if (continue_.empty()) Synced(version, sink);
}

void ReflectorMachine::Synced(std::string resource_version, ReflectorSink& sink) {
  resource_version_ = std::move(resource_version);
  state_ = ReflectorState::kWatching;
  failures_ = 0;
  absent_ = false;
  sink.OnSynced();
}

void ReflectorMachine::Restart() {
  state_ = watch_list_refused_ ? ReflectorState::kPaging : ReflectorState::kSnapshotStream;
  resource_version_.clear();
  continue_.clear();
}

void ReflectorMachine::Fail(const base::Error& error, ReflectorSink& sink) {
  ++failures_;
  problem_ = error;
  stop_stream_ = true;
  wait_ = Backoff(error);
  ChangeStateAfter(error, sink);
}

/// REQUIRES: wait_ holds the ordinary back-off.
void ReflectorMachine::ChangeStateAfter(const base::Error& error, ReflectorSink& sink) {
  const bool not_found = error.code == base::ErrorCode::kNotFound;
  if (state_ == ReflectorState::kPaging && not_found) {
    if (!absent_) {
      sink.OnRestart();
      sink.OnSynced();
    }
    absent_ = true;
    return Restart();
  }
  if (error.code == base::ErrorCode::kGone) {
    if (failures_ == 1) wait_ = base::Millis(0);
    return Restart();
  }
  if (state_ == ReflectorState::kSnapshotStream && IsRefusal(error)) {
    // A 404 may only mean that the kind is absent: the list tells.
    if (!not_found) watch_list_refused_ = true;
    Restart();
    state_ = ReflectorState::kPaging;
    wait_ = base::Millis(0);
    return;
  }
  if (state_ == ReflectorState::kWatching && not_found) {
    Restart();
    state_ = ReflectorState::kPaging;
    return;
  }
  const bool server_error = error.http_status.value_or(0) >= 500;
  if (error.code == base::ErrorCode::kInvalid || (server_error && failures_ >= kServerErrorsBeforeRestart)) Restart();
}

/// A try costs little, and while it waits nobody tells who writes what: only what says that it wants to be left alone is.
base::Millis ReflectorMachine::LongestBackoff(const base::Error& error) const {
  if (state_ == ReflectorState::kPaging && error.code == base::ErrorCode::kNotFound) return kMaxAbsentBackoff;
  if (error.code == base::ErrorCode::kUnavailable && !error.http_status) return kMaxUnreachableBackoff;
  return error.http_status.value_or(0) >= 500 ? kMaxServerErrorBackoff : options_.max_backoff;
}

base::Millis ReflectorMachine::Backoff(const base::Error& error) {
  const base::Millis cap = std::min(options_.max_backoff, LongestBackoff(error));
  const base::Millis wait = base::Jitter(base::ExponentialBackoff(failures_, options_.first_backoff, cap), random_());
  const auto asked = base::Millis(static_cast<long long>(error.retry_after_seconds.value_or(0) * 1000));
  return std::max(wait, std::min(asked, kMaxRetryAfter));
}

std::optional<base::Error> ReflectorMachine::TakeProblem() { return std::exchange(problem_, std::nullopt); }

}  // namespace softmig::kube
