#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <tuple>

#include "base/clock.hpp"
#include "kube/runtime/event_recorder.hpp"

namespace softmig::kube {

/// Both clocks, read once.
struct EventTime {
  base::WallTime wall;
  base::SteadyTime steady;
};

/// Decides which notes become an Event of their own and which only raise the count of one. No I/O, not thread-safe.
/// Remembers at most 1,024 series; a series ends after 6 minutes without a note.
class EventSeries {
 public:
  /// What makes two notes the same.
  using Identity = std::tuple<std::string, std::string, int, std::string, std::string, std::string>;
  struct Series {
    EventNote note;
    std::string name;  ///< of the Event object
    EventTime last;    ///< of the newest note
    int count = 1;
    bool created = false;  ///< the server has the Event
    int count_sent = 1;
    base::SteadyTime sent_at;
  };

  /// Counts the note. The series where a new Event is to be created now, else nothing. Valid until the next call.
  Series* Add(EventNote note, const EventTime& now, const std::string& instance);
  /// A series whose count is to be sent now (at most once in 30 s each), else nothing. Valid until the next call.
  Series* DueAt(base::SteadyTime now);
  /// When DueAt will have something; nothing where no count is unsent.
  [[nodiscard]] std::optional<base::SteadyTime> NextDue() const;

 private:
  void EndQuiet(base::SteadyTime now);

  std::map<Identity, Series> series_;
};

/// The Event object of a new series, and the merge patch that tells its count.
nlohmann::json RenderEvent(const EventSeries::Series& series, const std::string& controller, const std::string& instance);
nlohmann::json RenderSeriesPatch(const EventSeries::Series& series);
/// The namespace an Event about `object` lives in: the object's own, or "default" for a cluster-wide one.
std::string EventNamespace(const ObjectKey& object);

}  // namespace softmig::kube
