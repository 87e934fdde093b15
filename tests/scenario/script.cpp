#include "scenario/script.hpp"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/time_format.hpp"
#include "fakes/builders.hpp"
#include "scenario/counts.hpp"
#include "scenario/transcript.hpp"

namespace softmig::scenario {
namespace {

using Words = std::vector<std::string>;

constexpr int kMostPasses = 40;

Words Split(const std::string& text, char by) {
  Words words;
  std::stringstream stream(text);
  for (std::string word; std::getline(stream, word, by);) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

Millis Duration(const std::string& text) { return base::ParseDuration(text).value(); }

model::DesiredPhase Desired(const std::string& text) {
  if (text == "Pending") return model::DesiredPhase::kPending;
  return text == "Shift" ? model::DesiredPhase::kShift : model::DesiredPhase::kComplete;
}

model::BreachPolicy Policy(const std::string& text) { return text == "Hold" ? model::BreachPolicy::kHold : model::BreachPolicy::kRollback; }

std::optional<model::Verdict> VerdictOf(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(model::Verdict::kError); ++i) {
    const auto verdict = static_cast<model::Verdict>(i);
    if (model::Name(verdict) == text) return verdict;
  }
  return std::nullopt;
}

Answers AnswersOf(const std::string& text) {
  static const std::map<std::string, Answers> kNames{{"well", Answers::kWell},
                                                     {"gone", Answers::kGone},
                                                     {"bad-gone", Answers::kBadGone},
                                                     {"nan", Answers::kNaN},
                                                     {"error", Answers::kError},
                                                     {"negative", Answers::kNegative},
                                                     {"bad-above-total", Answers::kBadAboveTotal},
                                                     {"stands-still", Answers::kStandsStill}};
  return kNames.at(text);
}

/// How the counts of all metrics are judged: "maxRate/0.01", "relative" or "zero/1000".
void JudgeBy(model::Spec& spec, const std::string& value) {
  using Rule = model::MetricSpec::Counts::Rule;
  const Words parts = Split(value, '/');
  for (model::MetricSpec& metric : spec.metrics) {
    model::MetricSpec::Counts& counts = *metric.counts;
    counts.legacy = {"legacy_bad", "legacy_total", {}};
    counts.rule = parts[0] == "maxRate" ? Rule::kMaxRate : parts[0] == "zero" ? Rule::kZeroDiscrepancies : Rule::kNotWorseThanLegacy;
    if (parts[0] == "maxRate") counts.max_rate = std::stod(parts.at(1));
    if (parts[0] == "zero") counts.comparisons = std::stoll(parts.at(1));
  }
}

/// Plays commands against a world. One a scenario.
class Player {
 public:
  std::string Play(const std::string& line) {
    const Words words = Split(line, ' ');
    if (words.empty()) return "";
    const auto command = Commands().find(words[0]);
    if (command == Commands().end()) return "no such command: " + words[0] + "\n";
    output_.clear();
    (this->*command->second)(words);
    return output_;
  }

 private:
  using Command = void (Player::*)(const Words&);

  static const std::map<std::string, Command>& Commands() {
    static const std::map<std::string, Command> kCommands{
        {"given", &Player::Given},     {"set", &Player::Set},         {"metric", &Player::Metric}, {"side", &Player::Side},
        {"gateway", &Player::Gateway}, {"route", &Player::Route},     {"delete", &Player::Delete}, {"invalid", &Player::Invalid},
        {"valid", &Player::Valid},     {"advance", &Player::Advance}, {"run", &Player::Run},       {"pass", &Player::OnePass},
        {"show", &Player::Show},       {"restart", &Player::Restart}, {"fight", &Player::Fight},   {"wait", &Player::JustWait},
        {"traffic", &Player::Traffic}, {"series", &Player::Series},   {"late", &Player::Late}};
    return kCommands;
  }

  void Given(const Words& words) {
    fakes::MigrationBuilder builder;
    model::Spec spec = builder.Spec();
    for (std::size_t i = 1; i < words.size(); ++i) Edit(spec, words[i]);
    world_.emplace(spec);
    start_ = world_->now;
    wake_.reset();
    counted_.clear();
    for (const model::MetricSpec& metric : spec.metrics) {
      if (!model::UsesEvidence(metric)) continue;
      for (const model::ComponentSpec& component : spec.components) counted_[{component.name, metric.name}];
    }
  }

  void Set(const Words& words) {
    for (std::size_t i = 1; i < words.size(); ++i) Edit(world_->spec, words[i]);
    ++world_->generation;
  }

  static void Edit(model::Spec& spec, const std::string& word) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    if (key == "steps") EditSteps(spec, value);
    if (key == "routes") spec.routes = fakes::MakeMigration().Routes(Split(value, ',')).Spec().routes;
    if (key == "behind") spec.routes = fakes::MakeMigration().BridgeBehind().Spec().routes;
    if (key == "template") EditTemplates(spec, value);
    if (key == "components") EditComponents(spec, value);
    if (key == "metrics") spec.metrics = fakes::MakeMigration().Metrics(Split(value, ',')).Spec().metrics;
    if (key == "flag") spec.flags = fakes::MakeMigration().Flag("x-beta", value).Spec().flags;
    if (key == "noflags") spec.flags.clear();
    if (key == "desired") spec.desired_phase = Desired(value);
    if (key == "paused") spec.paused = value == "true";
    if (key == "attempt") spec.attempt = std::stoll(value);
    if (key == "onBreach") spec.on_breach = Policy(value);
    if (key == "deadline") spec.on_no_evidence.deadline = Duration(value);
    if (key == "then") spec.on_no_evidence.then = Policy(value);
    if (key == "judge") JudgeBy(spec, value);
    if (key == "interval") spec.interval = Duration(value);
    if (key == "delay") spec.delay = Duration(value);
  }

  /// Of every route.
  static void EditTemplates(model::Spec& spec, const std::string& host) {
    for (model::RouteRef& route : spec.routes) route.manifest = nlohmann::json{{"spec", {{"hostnames", {host}}}}}.dump();
  }

  static void EditSteps(model::Spec& spec, const std::string& value) {
    std::vector<std::pair<int, Millis>> steps;
    for (const std::string& step : Split(value, ',')) {
      const Words parts = Split(step, '/');
      steps.emplace_back(std::stoi(parts[0]), parts.size() > 1 ? Duration(parts[1]) : Millis(0));
    }
    spec.steps = fakes::MakeMigration().Steps(steps).Spec().steps;
  }

  static void EditComponents(model::Spec& spec, const std::string& value) {
    std::vector<std::pair<std::string, Words>> components;
    for (const std::string& component : Split(value, ',')) {
      const Words parts = Split(component, '<');
      components.emplace_back(parts[0], Words(parts.begin() + 1, parts.end()));
    }
    spec.components = fakes::MakeMigration().Components(components).Spec().components;
  }

  void Metric(const Words& words) {
    WorldMetric& metric = world_->metrics[{words.at(1), words.at(2)}];
    metric.silent = words.at(3) == "silent";
    metric.at = world_->now;
    if (words.at(3) == "unasked") metric.verdict.reset();
    if (const auto verdict = VerdictOf(words.at(3))) metric.verdict = verdict;
    if (words.size() > 4) metric.value = std::stod(words[4]);
  }

  /// "traffic errors target=12/0.1 legacy=100/0.1": requests and bad ones a second, from now on.
  void Traffic(const Words& words) {
    ForEachSide(words, [this](SideCounters& side, const std::string& value) {
      const Words rates = Split(value, '/');
      side.Grow(world_->now, std::stod(rates.at(0)), std::stod(rates.at(1)));
    });
  }
  /// "series errors target=gone legacy=well": how the source answers about a side, from now on.
  void Series(const Words& words) {
    ForEachSide(words, [this](SideCounters& side, const std::string& value) { side.Answer(world_->now, AnswersOf(value)); });
  }
  template <typename Change>
  void ForEachSide(const Words& words, Change change) {
    for (auto& [key, metric] : counted_) {
      if (key.second != words.at(1)) continue;
      for (std::size_t i = 2; i < words.size(); ++i) {
        const auto equals = words[i].find('=');
        change(words[i].substr(0, equals) == "target" ? metric.target : metric.legacy, words[i].substr(equals + 1));
      }
    }
  }
  /// "late errors 20s": the source knows of a request so much later.
  void Late(const Words& words) {
    for (auto& [key, metric] : counted_) {
      if (key.second == words.at(1)) metric.late = Duration(words.at(2));
    }
  }

  void Side(const Words& words) {
    auto& side = words.at(1) == "legacy" ? world_->legacy : words[1] == "bridge" ? world_->bridge : world_->target;
    if (words.at(2) == "missing") side = decide::Missing{"there is no such Service"};
    if (words.at(2) == "unreadable") side = decide::Failed{"Unavailable: connection refused"};
    if (words.at(2) == "noport") side = decide::BackendState{false, 2};
    if (words.at(2) == "dead") side = decide::BackendState{true, 0};
    if (words.at(2) == "ready") side = decide::BackendState{true, 2};
  }

  void Gateway(const Words& words) {
    WorldRoute& route = world_->routes.at(words.at(1));
    route.gateway = words.at(2) == "accepts"  ? WorldRoute::Gateway::kAccepts
                    : words.at(2) == "silent" ? WorldRoute::Gateway::kSilent
                                              : WorldRoute::Gateway::kRefuses;
    if (route.gateway == WorldRoute::Gateway::kAccepts) route.seen_by_gateway = route.generation;
  }

  void Route(const Words& words) {
    WorldRoute& route = world_->routes.at(words.at(1));
    const std::string& what = words.at(2);
    if (what == "gone") route.exists = false;
    if (what == "anew") world_->Recreate(words[1]);
    if (what == "unreadable" || what == "readable") route.readable = what == "readable";
    if (what == "unwritable" || what == "writable") route.writable = what == "writable";
    if (what == "problem") route.problems = {{words.at(3), "a sentence of the router"}};
    if (what == "fine") route.problems.clear();
    if (what == "template") route.template_problem = words.size() > 3 ? "route web has no rule " + words[3] : "";
    if (what == "weight") {
      route.weights[words.at(3)] = std::stoi(words.at(4));
      if (route.LeadsToBridge(words[3])) route.bridged[words[3]] = 0;
      route.Wrote(words.at(5));
    }
  }

  /// Somebody puts a weight back after each of our writes, for as long as it takes to see what we make of it.
  void Fight(const Words& words) {
    const std::string component = words.at(2);
    for (int i = 0; i < std::stoi(words.at(5)); ++i) {
      WorldRoute& route = world_->routes.at(words.at(1));
      const bool differs = route.weights[component] != std::stoi(words.at(3)) || route.LeadsToBridge(component);
      if (differs) Route({"route", words[1], "weight", component, words[3], words.at(4)});
      Run({});
    }
  }

  void Delete(const Words&) { world_->deleting = true; }
  void Invalid(const Words&) {
    world_->errors = {{"spec.plan.shift.steps[0].weight", "must rise"}};
    ++world_->generation;
  }
  void Valid(const Words&) {
    world_->errors.clear();
    ++world_->generation;
  }
  void Restart(const Words&) {
    for (auto& [key, metric] : world_->metrics) metric.verdict.reset();
    for (auto& [key, metric] : counted_) metric.Forget();
    for (auto& [key, seen] : world_->counted) seen.reset();
  }

  /// What a poller does at this moment.
  void Poll() {
    for (auto& [key, metric] : counted_) {
      const auto spec = std::ranges::find(world_->spec.metrics, key.second, &model::MetricSpec::name);
      if (spec == world_->spec.metrics.end()) continue;
      metric.Poll(*world_, key.first, *spec);
      world_->counted[key] = metric.seen();
    }
  }
  /// The next instant at which the poller or the operator itself has something to do.
  [[nodiscard]] std::optional<WallTime> NextEvent() const {
    if (counted_.empty()) return wake_;
    const Millis interval = world_->spec.interval;
    const auto since = world_->now.time_since_epoch();
    const WallTime poll((since / interval + 1) * interval);
    return wake_ && *wake_ < poll ? wake_ : poll;
  }

  bool Pass() {
    const decide::Decision decision = world_->Decide();
    output_ += DescribePass(*world_, decision, start_);
    wake_ = decision.wake_at;
    return world_->Apply(decision);
  }
  void OnePass(const Words&) {
    if (!Pass()) output_ += "quiet\n";
  }
  void Run(const Words&) {
    for (int i = 0; i < kMostPasses && !world_->Gone(); ++i) {
      if (!Pass()) return;
    }
    output_ += world_->Gone() ? "the object is gone\n" : "DOES NOT SETTLE\n";
  }
  void Advance(const Words& words) {
    const WallTime until = world_->now + Duration(words.at(1));
    while (true) {
      Poll();
      Run({});
      const auto next = NextEvent();
      if (!next || *next > until || world_->Gone()) break;
      world_->now = *next;
    }
    world_->now = until;
    Poll();
    if (!world_->Gone()) Run({});
  }
  /// The clock alone, without a pass.
  void JustWait(const Words& words) { world_->now += Duration(words.at(1)); }
  void Show(const Words& words) {
    if (words.at(1) == "conditions") output_ += DescribeConditions(world_->status);
    if (words.at(1) == "world") output_ += DescribeWorld(*world_);
    if (words.at(1) == "rollback") ShowRollback();
    if (words.at(1) == "metrics") ShowMetrics();
  }
  void ShowRollback() {
    const auto& record = world_->status.last_rollback;
    const auto after = [&](const std::optional<WallTime>& time) { return time ? base::FormatDuration(*time - start_) : "never"; };
    if (!record) return void(output_ += "none\n");
    output_ += fmt::format("{} from {} %: {} {}; decided {} routed {} verified {}\n", record->component, record->from.value(),
                           record->reason, record->metric, after(record->at), after(record->routed_at), after(record->verified_at));
  }

  void ShowMetrics() {
    for (const auto& [key, metric] : counted_) output_ += fmt::format("{}/{} {}\n", key.first, key.second, metric.Describe());
  }

  std::optional<World> world_;
  std::map<std::pair<std::string, std::string>, CountedMetric> counted_;
  WallTime start_{};
  std::optional<WallTime> wake_;
  std::string output_;
};

}  // namespace

std::string Replay(const std::string& script) {
  Player player;
  std::string replayed, output;
  bool skipping = false;  // within the expected output
  std::stringstream lines(script + "\n");
  for (std::string line; std::getline(lines, line);) {
    if (line == "----") {
      replayed += "----\n" + (output.empty() ? "quiet\n" : output);
      skipping = true;
    } else if (line.empty()) {
      replayed += "\n";
      output.clear();
      skipping = false;
    } else if (!skipping) {
      replayed += line + "\n";
      if (line[0] != '#') output += player.Play(line);
    }
  }
  while (replayed.ends_with("\n\n")) replayed.pop_back();
  return replayed;
}

}  // namespace softmig::scenario
