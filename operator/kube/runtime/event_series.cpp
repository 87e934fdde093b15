#include "kube/runtime/event_series.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"

namespace softmig::kube {
namespace {

constexpr base::Millis kSeriesEndsAfter{6 * 60'000};
constexpr base::Millis kSendEvery{30'000};
constexpr std::size_t kMaxSeries = 1'024;
constexpr std::size_t kMaxNote = 1'000;
constexpr std::size_t kMaxWord = 128;
constexpr std::size_t kMaxObjectName = 230;  // + '.' + 16 digits stays below the 253 of an object's name

/// At most `longest` bytes, never ending inside a UTF-8 character.
std::string Cut(const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

/// FNV-1a, 64 bit: the same on every machine and in every version.
std::string Hash(const std::string& text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  constexpr const char* kDigits = "0123456789abcdef";
  std::string digits(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4U) digits[i] = kDigits[hash & 0xFU];
  return digits;
}

std::string EventName(const EventNote& note, const EventTime& now, const std::string& instance) {
  const char separator = '\0';
  std::string identity = note.regarding_type.plural;
  for (const std::string& part :
       {note.regarding.ns, note.regarding.name, note.regarding_uid, note.reason, note.action, note.note, instance}) {
    identity += separator + part;
  }
  identity += separator + std::to_string(static_cast<int>(note.type)) + separator + std::to_string(now.wall.time_since_epoch().count());
  std::string prefix = note.regarding.name.substr(0, kMaxObjectName);
  while (!prefix.empty() && (prefix.back() == '.' || prefix.back() == '-')) prefix.pop_back();
  return prefix + "." + Hash(identity);
}

base::SteadyTime SendAt(const EventSeries::Series& series) { return series.sent_at + kSendEvery; }

}  // namespace

std::string EventNamespace(const ObjectKey& object) { return object.ns.empty() ? "default" : object.ns; }

EventSeries::Series* EventSeries::Add(EventNote note, const EventTime& now, const std::string& instance) {
  EndQuiet(now.steady);
  note.note = Cut(note.note, kMaxNote);
  note.reason = Cut(note.reason, kMaxWord);
  note.action = Cut(note.action.empty() ? note.reason : note.action, kMaxWord);
  const Identity identity{note.regarding_type.plural + "/" + note.regarding.ToString(),
                          note.regarding_uid,
                          static_cast<int>(note.type),
                          note.reason,
                          note.action,
                          note.note};
  const auto known = series_.find(identity);
  if (known != series_.end()) {
    ++known->second.count;
    known->second.last = now;
    return nullptr;
  }
  Series fresh;
  fresh.name = EventName(note, now, instance);
  fresh.note = std::move(note);
  fresh.last = now;
  fresh.sent_at = now.steady;
  return &series_.emplace(identity, std::move(fresh)).first->second;
}

/// Forgets series that ended and have nothing unsent; beyond the bound also the quietest one.
void EventSeries::EndQuiet(base::SteadyTime now) {
  std::erase_if(series_, [now](const auto& entry) { return now - entry.second.last.steady >= kSeriesEndsAfter; });
  if (series_.size() < kMaxSeries) return;
  const auto quietest = std::min_element(series_.begin(), series_.end(),
                                         [](const auto& a, const auto& b) { return a.second.last.steady < b.second.last.steady; });
  series_.erase(quietest);
}

EventSeries::Series* EventSeries::DueAt(base::SteadyTime now) {
  for (auto& [identity, series] : series_) {
    if (series.count > series.count_sent && SendAt(series) <= now) return &series;
  }
  return nullptr;
}

std::optional<base::SteadyTime> EventSeries::NextDue() const {
  std::optional<base::SteadyTime> next;
  for (const auto& [identity, series] : series_) {
    if (series.count > series.count_sent && (!next || SendAt(series) < *next)) next = SendAt(series);
  }
  return next;
}

nlohmann::json RenderEvent(const EventSeries::Series& series, const std::string& controller, const std::string& instance) {
  const EventNote& note = series.note;
  nlohmann::json event = {
      {"apiVersion", "events.k8s.io/v1"},
      {"kind", "Event"},
      {"metadata", {{"namespace", EventNamespace(note.regarding)}, {"name", series.name}}},
      {"eventTime", base::FormatMicroTime(series.last.wall)},
      {"reportingController", controller},
      {"reportingInstance", Cut(instance, kMaxWord)},
      {"type", note.type == EventType::kWarning ? "Warning" : "Normal"},
      {"reason", note.reason},
      {"action", note.action},
      {"note", note.note},
      {"regarding", {{"apiVersion", note.regarding_type.ApiVersion()}, {"kind", note.regarding_type.kind}, {"name", note.regarding.name}}},
  };
  if (!note.regarding.ns.empty()) event["regarding"]["namespace"] = note.regarding.ns;
  if (!note.regarding_uid.empty()) event["regarding"]["uid"] = note.regarding_uid;
  if (series.count > 1) event.update(RenderSeriesPatch(series));
  return event;
}

nlohmann::json RenderSeriesPatch(const EventSeries::Series& series) {
  return {{"series", {{"count", series.count}, {"lastObservedTime", base::FormatMicroTime(series.last.wall)}}}};
}

}  // namespace softmig::kube
