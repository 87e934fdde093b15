#include "scenario/script.hpp"

#include <fmt/format.h>

#include <functional>
#include <sstream>

#include "base/time_format.hpp"
#include "fakes/builders.hpp"
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
        {"show", &Player::Show},       {"restart", &Player::Restart}, {"fight", &Player::Fight},   {"wait", &Player::JustWait}};
    return kCommands;
  }

  void Given(const Words& words) {
    fakes::MigrationBuilder builder;
    model::Spec spec = builder.Spec();
    for (std::size_t i = 1; i < words.size(); ++i) Edit(spec, words[i]);
    world_.emplace(spec);
    start_ = world_->now;
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

  void Side(const Words& words) {
    auto& side = words.at(1) == "legacy" ? world_->legacy : world_->target;
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
    if (what == "weight") {
      route.weights[words.at(3)] = std::stoi(words.at(4));
      route.Wrote(words.at(5));
    }
  }

  /// Somebody puts a weight back after each of our writes, for as long as it takes to see what we make of it.
  void Fight(const Words& words) {
    const std::string component = words.at(2);
    for (int i = 0; i < std::stoi(words.at(5)); ++i) {
      WorldRoute& route = world_->routes.at(words.at(1));
      if (route.weights[component] != std::stoi(words.at(3))) Route({"route", words[1], "weight", component, words[3], words.at(4)});
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
      Run({});
      if (!wake_ || *wake_ > until || world_->Gone()) break;
      world_->now = *wake_;
    }
    world_->now = until;
    if (!world_->Gone()) Run({});
  }
  /// The clock alone, without a pass.
  void JustWait(const Words& words) { world_->now += Duration(words.at(1)); }
  void Show(const Words& words) {
    if (words.at(1) == "conditions") output_ += DescribeConditions(world_->status);
    if (words.at(1) == "world") output_ += DescribeWorld(*world_);
    if (words.at(1) == "rollback") ShowRollback();
  }
  void ShowRollback() {
    const auto& record = world_->status.last_rollback;
    const auto after = [&](const std::optional<WallTime>& time) { return time ? base::FormatDuration(*time - start_) : "never"; };
    if (!record) return void(output_ += "none\n");
    output_ += fmt::format("{} from {} %: {} {}; decided {} routed {} verified {}\n", record->component, record->from.value(),
                           record->reason, record->metric, after(record->at), after(record->routed_at), after(record->verified_at));
  }

  std::optional<World> world_;
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
