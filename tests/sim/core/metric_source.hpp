#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "http/transport.hpp"
#include "sim/core/counter_history.hpp"
#include "sim/core/data_plane.hpp"
#include "sim/core/process.hpp"

namespace softmig::simulator {

/// What a metric's latest answers amount to, judged by the simulator's own simple rules.
enum class Evidence {
  kNone,     ///< never answered
  kError,    ///< no usable number
  kNoData,   ///< nothing to count, or NaN
  kNeutral,  ///< numbers, but too few to tell
  kGood,
  kBad  ///< clearly out of bounds
};

/// What one process has been told about one metric of one component.
struct MetricFacts {
  Evidence last = Evidence::kNone;
  Time last_at{};                ///< when the answer was delivered
  Time last_asked{};             ///< when it was asked for
  std::vector<Time> good_asked;  ///< of the last few good ones
  int bad_in_a_row = 0;
  std::vector<Time> bad_at;  ///< when the last few of them were delivered
  int bad_needed = 2;
  Time bad_since{};  ///< delivery of the bad answer after which nobody can call it anything else: for counts the second in a row
};
/// By (migration, component, metric), as indices.
using MetricKey = std::tuple<int, int, int>;
using MetricLog = std::map<MetricKey, MetricFacts>;

/// A metrics server: cumulative counters and values of what the users got, with the faults of the plan.
class MetricSource {
 public:
  MetricSource(Loop& loop, DataPlane& data_plane, const Scenario& scenario, Random& random)
      : data_(data_plane), scenario_(scenario), random_(random) {
    data_plane.Listen([this, &loop] {
      for (const auto& [key, history] : known_) Known(key, loop.now());
    });
  }

  void SetMode(int migration, std::optional<MetricMode> mode);
  void ResetCounters(int migration, Time now);

  struct Question {
    MetricKey key;
    std::string what;  ///< "bad", "total" or "latency"
    std::string time;  ///< as asked for
    /// Instants of the simulation's time; one only for what is asked as of now.
    Time first{}, last{}, step{1};
    bool is_range = false;
  };
  /// Nothing where the request names none of the scenario's metrics.
  [[nodiscard]] std::optional<Question> Read(const http::Request& request) const;

  struct Answer {
    std::optional<base::Result<http::Response>> response;  ///< nothing: no answer ever
    std::optional<double> number;                          ///< what it truly says
    bool no_data = false;
  };
  Answer Ask(const Question& question, Time now);

 private:
  Answer Faulty(const Question& question, MetricMode mode, Time now);
  double Number(const Question& question, Time now);
  double NumberAt(const Question& question, Time at, Time now);
  bool ByEvidence(const MetricKey& key) const { return scenario_.migrations[static_cast<std::size_t>(std::get<0>(key))].evidence; }
  CounterHistory& Known(const MetricKey& key, Time now);

  DataPlane& data_;
  const Scenario& scenario_;
  Random& random_;
  std::map<int, MetricMode> modes_;
  std::map<MetricKey, CounterHistory> known_;  // of counts that are judged by evidence
  std::map<MetricKey, double> base_[2];        // subtracted since the last reset: bad, total
  std::map<std::pair<MetricKey, std::string>, double> stale_;
};

/// The metrics transport of one process: answers come as events of the process.
class MetricTransport final : public http::HttpTransport {
 public:
  struct Parts {
    Loop& loop;
    Random& random;
    MetricSource& source;
    const Scenario& scenario;
    Transcript& transcript;
  };
  MetricTransport(Process& process, const Parts& parts, MetricLog& log)
      : process_(process),
        loop_(parts.loop),
        random_(parts.random),
        source_(parts.source),
        scenario_(parts.scenario),
        transcript_(parts.transcript),
        log_(log) {}

  void Send(http::Request request, http::SendOptions options, std::function<void(base::Result<http::Response>)> done) override;
  std::unique_ptr<http::Stream> OpenStream(http::Request, base::Millis, http::StreamCallbacks) override { return nullptr; }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  /// The two answers of one poll, until both are there.
  struct Poll {
    std::string time;
    Time asked{};
    std::optional<double> bad, total;
    std::optional<double> last_bad, last_total;
    Time last_numbers{};
    int open = 0;
    bool failed = false, no_data = false;
  };
  void Delivered(const MetricSource::Question& question, const MetricSource::Answer& answer, Time asked);
  void Judge(const MetricKey& key, Poll& poll);
  void Note(const MetricKey& key, Evidence evidence, Time asked);

  Process& process_;
  Loop& loop_;
  Random& random_;
  MetricSource& source_;
  const Scenario& scenario_;
  Transcript& transcript_;
  MetricLog& log_;
  std::map<MetricKey, Poll> polls_;
  std::uint64_t sent_ = 0;
};

}  // namespace softmig::simulator
