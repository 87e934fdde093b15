#pragma once

// What a Reflector does next, without I/O, threads or clocks.
//
//                  refused (400 404 405 406 415 422), too much at once
//   ┌──────────────────┐ ───────────────────────────► ┌─────────┐
//   │ kSnapshotStream  │                              │ kPaging │◄─┐ more pages
//   │ (WatchList)      │ ◄── 404: kind is absent, ─── │ (list)  │──┘
//   └──────────────────┘     sink told "empty"        └─────────┘
//      │    ▲  annotated bookmark              last page │   ▲
//      ▼    │                                            ▼   │ 404
//   ┌───────┴──────────────────────────────────────────────────┐
//   │ kWatching: events and bookmarks advance resourceVersion  │──┐ the server ends it, or a passing fault:
//   └──────────────────────────────────────────────────────────┘◄─┘ again at the same resourceVersion
//
//   410 (status or ERROR event), an unreadable stream, five server errors in a row: back to the snapshot.
//   Where WatchList was refused once, the snapshot is kPaging from then on.
//   Every failure waits: first_backoff·2^n up to max_backoff (2.5 s after a server error, 0.5 s where nobody answers), then up to twice
//   that by chance; Retry-After where longer;
//   the first 410 after a good time does not wait.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <random>
#include <string>

#include "base/result.hpp"
#include "kube/client/watch_decoder.hpp"
#include "kube/runtime/reflector.hpp"

namespace softmig::kube {

enum class ReflectorState { kSnapshotStream, kPaging, kWatching };

/// One thing to do: open a watch, get a page (both with `query`), or wait.
struct ReflectorStep {
  enum class Kind { kStream, kPage, kWait };
  Kind kind = Kind::kWait;
  std::string query;
  base::Millis wait{0};
};

/// The state machine of a Reflector. Not thread-safe. The same inputs and seed give the same steps.
class ReflectorMachine {
 public:
  ReflectorMachine(const ReflectorOptions& options, std::uint32_t seed);

  ReflectorStep Next();

  /// The stream of the last step was accepted (2xx).
  void OnStreamOpen(ReflectorSink& sink);
  /// False: close the stream and ask Next.
  bool OnEvent(WatchEventType type, const nlohmann::json& object, ReflectorSink& sink);
  /// The stream is over, or was never accepted; `open_for` is how long it was open.
  void OnStreamEnd(const base::Status& end, base::Millis open_for, ReflectorSink& sink);
  /// More arrived than could be kept.
  void OnOverflow(ReflectorSink& sink);
  void OnPage(base::Result<nlohmann::json> page, ReflectorSink& sink);

  /// The failure since the last call, for the log.
  std::optional<base::Error> TakeProblem();
  [[nodiscard]] ReflectorState state() const { return state_; }
  [[nodiscard]] unsigned failures() const { return failures_; }
  /// The server does not know the kind: told to the sink as an empty snapshot.
  [[nodiscard]] bool absent() const { return absent_; }

 private:
  void OnBookmark(const nlohmann::json& object, ReflectorSink& sink);
  void Synced(std::string resource_version, ReflectorSink& sink);
  void Fail(const base::Error& error, ReflectorSink& sink);
  void ChangeStateAfter(const base::Error& error, ReflectorSink& sink);
  void Restart();
  [[nodiscard]] base::Millis LongestBackoff(const base::Error& error) const;
  base::Millis Backoff(const base::Error& error);
  std::string Selector() const;

  const ReflectorOptions options_;
  std::minstd_rand random_;
  ReflectorState state_ = ReflectorState::kSnapshotStream;
  std::string resource_version_;  // last seen; kWatching only
  std::string continue_;          // kPaging only
  bool watch_list_refused_ = false;
  bool stop_stream_ = false;
  bool absent_ = false;
  unsigned events_ = 0;    // of the open stream
  unsigned failures_ = 0;  // in a row
  base::Millis wait_{0};
  std::optional<base::Error> problem_;
};

}  // namespace softmig::kube
