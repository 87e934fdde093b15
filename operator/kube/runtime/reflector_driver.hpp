#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "kube/client/watch_decoder.hpp"
#include "kube/runtime/chunk_queue.hpp"
#include "kube/runtime/reflector_machine.hpp"

namespace softmig::kube {

/// Carries out the steps of a ReflectorMachine and tells it what came of them. Has no thread and never waits but for one page:
/// a Reflector drives it from its thread, a simulator from its loop. Not thread-safe, except LastContact.
class ReflectorDriver {
 public:
  /// All must outlive the driver.
  struct Parts {
    RestClient& client;
    ReflectorSink& sink;
    const base::Clock& clock;
    base::Log& log;
  };
  ReflectorDriver(ReflectorOptions options, const Parts& parts);

  /// What to do now: wait, GetPage or Open.
  ReflectorStep Next() { return machine_.Next(); }
  void GetPage(const std::string& query, const std::stop_token& stop);
  /// Null: refused before it began, and told to the machine.
  std::unique_ptr<http::Stream> Open(const std::string& query, http::StreamCallbacks callbacks);
  /// What the open stream delivered. False once it is of no more use: close it and ask Next.
  bool Handle(StreamItem item);
  void LogProblem();

  /// Steady time of the last sign of life. Thread-safe.
  [[nodiscard]] base::SteadyTime LastContact() const { return base::SteadyTime(base::SteadyTime::duration(contact_.load())); }

 private:
  bool HandleChunk(const std::string& bytes);
  void HandleEnd(base::Status end);
  [[nodiscard]] bool Accepted() const { return answer_.status >= 200 && answer_.status < 300; }
  [[nodiscard]] base::Millis OpenFor() const;
  void Touch() { contact_.store(parts_.clock.SteadyNow().time_since_epoch().count()); }

  const ReflectorOptions options_;
  const Parts parts_;
  const std::string path_;
  ReflectorMachine machine_;
  WatchDecoder decoder_;
  http::Response answer_;  // status and, for a refusal, the body of the open stream
  base::SteadyTime opened_;
  std::optional<base::SteadyTime> forbidden_logged_;
  bool absent_logged_ = false;
  std::atomic<base::SteadyTime::rep> contact_;
};

}  // namespace softmig::kube
