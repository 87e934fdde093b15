#include "analysis/evidence_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace softmig::analysis {
namespace {

using nlohmann::json;

template <std::size_t N>
json TextArray(const std::array<double, N>& numbers) {
  json out = json::array();
  for (const double number : numbers) out.push_back(ExactText(number));
  return out;
}

json CountsJson(const Counts& counts) { return {ExactText(counts.total), ExactText(counts.bad)}; }

json DetectorJson(const RollbackDetector& detector) {
  return {{"t", ExactText(detector.active_seconds)}, {"i", detector.stage}, {"logS", TextArray(detector.log_sums)}};
}

json StageJson(const StageEvidence& stage) {
  json out{{"target", CountsJson(stage.target)}};
  if (stage.effective != stage.target) out["effective"] = CountsJson(stage.effective);
  if (stage.legacy != Counts{}) out["legacy"] = CountsJson(stage.legacy);
  if (stage.effective_legacy != stage.legacy) out["effectiveLegacy"] = CountsJson(stage.effective_legacy);
  if (stage.shares != ShareLogs{}) out["logP"] = TextArray(stage.shares);
  return out;
}

json NoiseJson(const Overdispersion& noise) {
  return {{"pairs", noise.pairs}, {"sum", ExactText(noise.sum)}, {"last", CountsJson(noise.last)}, {"pooled", CountsJson(noise.pooled)}};
}

json AgentsJson(const std::vector<AgentCount>& agents) {
  json out = json::array();
  for (const AgentCount& agent : agents) {
    json counts = CountsJson(agent.compared);
    counts.push_back(ExactText(agent.given_up));
    out.push_back({fmt::format("{:016x}", agent.id), std::move(counts)});
  }
  return out;
}

/// Reads fields one by one and remembers the first that is wrong; after that it gives defaults.
class Reader {
 public:
  [[nodiscard]] const std::string& problem() const { return problem_; }

  /// The member, nullptr where there is none. An absent member is no problem where the writer may have left it out.
  const json* Find(const json& object, const char* name, bool required) {
    if (object.is_object()) {
      if (const auto it = object.find(name); it != object.end()) return &*it;
    }
    if (required) Complain(name);
    return nullptr;
  }

  double Number(const json& value, const char* name) {
    if (value.is_string()) {
      if (const auto number = ParseExact(value.get_ref<const std::string&>())) return *number;
    }
    Complain(name);
    return 0;
  }

  /// At least 0.
  std::int64_t Whole(const json& object, const char* name) {
    const json* value = Find(object, name, true);
    if (value == nullptr) return 0;
    const bool fits = value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX);
    if (fits && value->get<std::int64_t>() >= 0) return value->get<std::int64_t>();
    Complain(name);
    return 0;
  }

  template <std::size_t N>
  void Array(const json* value, const char* name, std::array<double, N>& out) {
    if (value == nullptr) return;
    if (!value->is_array() || value->size() != N) return Complain(name);
    for (std::size_t j = 0; j < N; ++j) out[j] = Number((*value)[j], name);
  }

  /// Log sums and shares: anything but a sum without end.
  template <std::size_t N>
  void Logs(const json* value, const char* name, std::array<double, N>& out) {
    Array(value, name, out);
    if (std::ranges::any_of(out, [](double log) { return log == HUGE_VAL; })) Complain(name);
  }

  void ReadCounts(const json* value, const char* name, Counts& out) {
    if (value == nullptr) return;
    std::array<double, 2> pair{};
    Array(value, name, pair);
    const bool well = std::isfinite(pair[0]) && pair[1] >= 0 && pair[1] <= pair[0];
    if (!well) return Complain(name);
    out = {pair[0], pair[1]};
  }

  void Complain(const char* name) {
    if (problem_.empty()) problem_ = name;
  }

 private:
  std::string problem_;
};

RollbackDetector ReadDetector(Reader& reader, const json* value, const char* name) {
  RollbackDetector out;
  if (value == nullptr) return out;
  if (const json* seconds = reader.Find(*value, "t", true)) out.active_seconds = reader.Number(*seconds, name);
  if (!std::isfinite(out.active_seconds) || out.active_seconds < 0) reader.Complain(name);
  out.stage = reader.Whole(*value, "i");
  reader.Logs(reader.Find(*value, "logS", true), name, out.log_sums);
  return out;
}

StageEvidence ReadStage(Reader& reader, const json& value) {
  StageEvidence out;
  reader.ReadCounts(reader.Find(value, "target", true), "stage.target", out.target);
  out.effective = out.target;
  reader.ReadCounts(reader.Find(value, "effective", false), "stage.effective", out.effective);
  reader.ReadCounts(reader.Find(value, "legacy", false), "stage.legacy", out.legacy);
  out.effective_legacy = out.legacy;
  reader.ReadCounts(reader.Find(value, "effectiveLegacy", false), "stage.effectiveLegacy", out.effective_legacy);
  reader.Logs(reader.Find(value, "logP", false), "stage.logP", out.shares);
  return out;
}

Overdispersion ReadNoise(Reader& reader, const json* value) {
  Overdispersion out;
  if (value == nullptr) return out;
  out.pairs = reader.Whole(*value, "pairs");
  if (const json* sum = reader.Find(*value, "sum", true)) out.sum = reader.Number(*sum, "noise.sum");
  if (!std::isfinite(out.sum) || out.sum < 0) reader.Complain("noise.sum");
  reader.ReadCounts(reader.Find(*value, "last", true), "noise.last", out.last);
  reader.ReadCounts(reader.Find(*value, "pooled", true), "noise.pooled", out.pooled);
  if (out.pairs > 0 && out.pooled.total <= 0) reader.Complain("noise.pooled");
  return out;
}

std::uint64_t ReadHash(Reader& reader, const json* value, const char* name) {
  std::uint64_t hash = 0;
  if (value == nullptr) return hash;
  const std::string text = value->is_string() ? value->get<std::string>() : std::string();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
  if (text.size() != 16 || error != std::errc() || end != text.data() + text.size()) reader.Complain(name);
  return hash;
}

AgentCount ReadAgent(Reader& reader, const json& value) {
  AgentCount out;
  if (!value.is_array() || value.size() != 2) {
    reader.Complain("agents");
    return out;
  }
  out.id = ReadHash(reader, &value[0], "agents");
  std::array<double, 3> counts{};
  reader.Array(&value[1], "agents", counts);
  out.compared = {counts[0], counts[1]};
  out.given_up = counts[2];
  const bool well = !CheckCounts(out.compared) && std::isfinite(out.given_up) && out.given_up >= 0;
  if (!well) reader.Complain("agents");
  return out;
}

void ReadAgents(Reader& reader, const json* value, std::vector<AgentCount>& out) {
  if (value == nullptr) return;
  if (!value->is_array() || value->size() > kMostAgents) return reader.Complain("agents");
  for (const json& agent : *value) out.push_back(ReadAgent(reader, agent));
}

void ReadDropped(Reader& reader, const json* value, DroppedWindows& out) {
  if (value == nullptr) return;
  for (std::size_t kind = 0; kind < kBadInputKinds; ++kind) {
    const std::string name(Name(static_cast<BadInput>(kind)));
    if (reader.Find(*value, name.c_str(), false) != nullptr) out[kind] = static_cast<std::uint64_t>(reader.Whole(*value, name.c_str()));
  }
}

}  // namespace

std::string ExactText(double number) { return fmt::format("{:.17g}", number); }

base::Result<double> ParseExact(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(number)) {
    return base::Fail(base::ErrorCode::kInvalid, "not a number: " + std::string(text.substr(0, 32)));
  }
  return number;
}

json ToJson(const MetricEvidence& state) {
  json out{{"specHash", fmt::format("{:016x}", state.spec_hash)}, {"detector", DetectorJson(state.detector)}};
  if (state.last_window_end) out["lastWindowEnd"] = state.last_window_end->time_since_epoch().count();
  if (state.stage_since) out["stageSince"] = state.stage_since->time_since_epoch().count();
  if (state.floor != RollbackDetector{}) out["floor"] = DetectorJson(state.floor);
  if (state.hard != RollbackDetector{}) out["hard"] = DetectorJson(state.hard);
  if (state.legacy != RollbackDetector{}) out["legacy"] = DetectorJson(state.legacy);
  if (state.relative != RollbackDetector{}) out["relative"] = DetectorJson(state.relative);
  out["total"] = CountsJson(state.total);
  if (state.stage_open) out["stageOpen"] = 1;
  out["stage"] = StageJson(state.stage);
  if (state.noise != Overdispersion{}) out["noise"] = NoiseJson(state.noise);
  if (!state.agents.empty()) out["agents"] = AgentsJson(state.agents);
  for (std::size_t kind = 0; kind < kBadInputKinds; ++kind) {
    if (state.dropped[kind] > 0) out["dropped"][std::string(Name(static_cast<BadInput>(kind)))] = state.dropped[kind];
  }
  return out;
}

base::Result<MetricEvidence> ParseMetricEvidence(const json& document) {
  Reader reader;
  MetricEvidence out;
  out.spec_hash = ReadHash(reader, reader.Find(document, "specHash", true), "specHash");
  if (reader.Find(document, "lastWindowEnd", false) != nullptr) {
    out.last_window_end = base::WallTime(base::Millis(reader.Whole(document, "lastWindowEnd")));
  }
  if (reader.Find(document, "stageSince", false) != nullptr) {
    out.stage_since = base::WallTime(base::Millis(reader.Whole(document, "stageSince")));
  }
  out.detector = ReadDetector(reader, reader.Find(document, "detector", true), "detector");
  out.floor = ReadDetector(reader, reader.Find(document, "floor", false), "floor");
  out.hard = ReadDetector(reader, reader.Find(document, "hard", false), "hard");
  out.legacy = ReadDetector(reader, reader.Find(document, "legacy", false), "legacy");
  out.relative = ReadDetector(reader, reader.Find(document, "relative", false), "relative");
  reader.ReadCounts(reader.Find(document, "total", true), "total", out.total);
  if (const json* stage = reader.Find(document, "stage", true)) out.stage = ReadStage(reader, *stage);
  out.stage_open = reader.Find(document, "stageOpen", false) != nullptr;
  out.noise = ReadNoise(reader, reader.Find(document, "noise", false));
  ReadDropped(reader, reader.Find(document, "dropped", false), out.dropped);
  ReadAgents(reader, reader.Find(document, "agents", false), out.agents);
  if (!reader.problem().empty()) return base::Fail(base::ErrorCode::kInvalid, "evidence cannot be read: " + reader.problem());
  return out;
}

}  // namespace softmig::analysis
