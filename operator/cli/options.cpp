#include "cli/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "base/time_format.hpp"

namespace softmig::cli {
namespace {

using view::Verb;

const std::map<std::string, model::Phase> kPhases{{"Pending", model::Phase::kPending},       {"Shift", model::Phase::kShift},
                                                  {"Complete", model::Phase::kComplete},     {"RollingBack", model::Phase::kRollingBack},
                                                  {"RolledBack", model::Phase::kRolledBack}, {"Paused", model::Phase::kPaused},
                                                  {"Invalid", model::Phase::kInvalid}};
const std::map<std::string, Verb> kChanges{{"promote", Verb::kPromote},   {"pause", Verb::kPause}, {"resume", Verb::kResume},
                                           {"rollback", Verb::kRollback}, {"retry", Verb::kRetry}, {"set-weight", Verb::kSetWeight}};

std::string HelpOf(const std::string& verb) {
  for (const auto& [name, help] : Verbs()) {
    if (name == verb) return help;
  }
  return {};
}

/// The command line while it is read.
class Reader {
 public:
  explicit Reader(Options& options) : options_(options) {
    app_.set_version_flag("--version", std::string("kubectl-softmigration ") + SOFTMIG_VERSION);
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--kubeconfig", options.cluster.kubeconfig_flag, "Path to a kubeconfig; without one: $KUBECONFIG, ~/.kube/config");
    app_.add_option("--context", options.cluster.context_flag, "Context of the kubeconfig");
    app_.add_option("-n,--namespace", options.ns, "Namespace; without one: the context's");
    AddReading();
    AddWatch();
    AddChanges();
    AddLint();
    AddSimulate();
    AddDiff();
    AddShell();
    // Only for --help: main gives the rest of the line to it.
    app_.add_subcommand("judge", HelpOf("judge"))->prefix_command();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] std::vector<std::string> Flags(const std::string& verb) const {
    std::vector<std::string> flags;
    const CLI::App* sub = Find(verb);
    for (const CLI::App* app : {&app_, sub}) {
      if (app == nullptr) continue;
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) {
          if (std::ranges::find(flags, "--" + name) == flags.end()) flags.push_back("--" + name);
        }
      }
    }
    return flags;
  }
  [[nodiscard]] bool Takes(const std::string& flag) const {
    const auto takes = [&](const CLI::App* app) {
      const CLI::Option* option = app->get_option_no_throw(flag);
      return option != nullptr && option->get_items_expected_max() > 0;
    };
    const auto verbs = app_.get_subcommands([](const CLI::App*) { return true; });
    return flag.starts_with('-') && (takes(&app_) || std::ranges::any_of(verbs, takes));
  }
  [[nodiscard]] std::vector<std::string> Choices(const std::string& verb, const std::string& flag) const {
    const CLI::App* sub = Find(verb);
    const CLI::Option* option = sub == nullptr ? nullptr : sub->get_option_no_throw(flag);
    const auto it = choices_.find(option);
    return it == choices_.end() ? std::vector<std::string>() : it->second;
  }

  std::optional<int> Read(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
      return std::nullopt;
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);
      std::string what = error.what();
      for (char& c : what) c = c == '\n' ? ' ' : c;
      std::fprintf(stderr, "error: %s; see: kubectl softmigration --help\n", what.c_str());
      return kUsage;
    }
  }

 private:
  /// Null where there is no such verb.
  [[nodiscard]] const CLI::App* Find(const std::string& verb) const {
    const auto found = app_.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == verb; });
    return found.empty() ? nullptr : found.front();
  }
  CLI::App* Add(const std::string& verb, Command command) {
    CLI::App* sub = app_.add_subcommand(verb, HelpOf(verb));
    sub->callback([this, command] { options_.command = command; });
    return sub;
  }
  void AddName(CLI::App* sub) { sub->add_option("NAME", options_.name, "Name of the SoftMigration")->required(); }
  /// One of some names; another one is told with what there is.
  template <typename To, typename Value>
  void AddChoice(CLI::App* sub, const std::string& flags, To& into, const std::map<std::string, Value>& choices, const std::string& help) {
    std::vector<std::string> offered;
    for (const auto& [name, value] : choices) offered.push_back(name);
    const std::string names = fmt::format("{}", fmt::join(offered, ", "));
    const CLI::Option* option = sub->add_option_function<std::string>(
        flags,
        [&into, choices, flags, names](const std::string& text) {
          const auto it = choices.find(text);
          if (it == choices.end()) throw CLI::ValidationError(flags, "wants one of " + names);
          into = it->second;
        },
        help + ": " + names);
    choices_[option] = std::move(offered);
  }
  void AddFormat(CLI::App* sub, const std::map<std::string, Format>& formats) {
    AddChoice(sub, "-o,--output", options_.format, formats, "How it is printed");
  }
  void AddReading() {
    const std::map<std::string, Format> plain{{"json", Format::kJson}, {"yaml", Format::kYaml}};
    std::map<std::string, Format> wide = plain;
    wide["wide"] = Format::kWide;
    CLI::App* list = Add("list", Command::kList);
    list->add_flag("-A,--all-namespaces", options_.all_namespaces, "Of all namespaces");
    AddFormat(list, wide);
    for (const auto& [verb, command] : {std::pair("get", Command::kGet), {"explain", Command::kExplain}, {"events", Command::kEvents}}) {
      CLI::App* sub = Add(verb, command);
      AddName(sub);
      if (command != Command::kExplain) AddFormat(sub, plain);
    }
  }
  void AddWatch() {
    CLI::App* watch = Add("watch", Command::kWatch);
    AddName(watch);
    AddChoice(watch, "--until", options_.until, kPhases, "End when it is in this phase, with 1 where it was rolled back instead");
    AddDuration(watch, "--timeout", "End with 3 after this long", [this](base::Millis time) { options_.timeout = time; });
  }
  void AddChanges() {
    for (const auto& [name, verb] : kChanges) {
      CLI::App* sub = app_.add_subcommand(name, HelpOf(name));
      sub->callback([this, verb = verb] {
        options_.command = Command::kChange;
        options_.wish.verb = verb;
      });
      AddName(sub);
      if (verb == Verb::kSetWeight) sub->add_option("WEIGHT", options_.wish.weight, "Share of the target, in percent")->required();
      if (verb == Verb::kPromote) {
        const std::map<std::string, model::DesiredPhase> phases{{"Shift", model::DesiredPhase::kShift},
                                                                {"Complete", model::DesiredPhase::kComplete}};
        AddChoice(sub, "--to", options_.wish.to, phases, "How far it may go");
      }
      sub->add_flag("--dry-run", options_.dry_run, "The API server checks it, nothing is stored");
      AddFormat(sub, {{"json", Format::kJson}, {"yaml", Format::kYaml}});
    }
  }
  void AddFiles(CLI::App* sub) {
    sub->add_option("-f,--filename", options_.files, "Manifest, or folder of manifests; - for standard input; may be given several times")
        ->required()
        ->allow_extra_args(false);
  }
  void AddLint() {
    CLI::App* lint = Add("lint", Command::kLint);
    AddFiles(lint);
    AddFormat(lint, {{"text", Format::kText}, {"json", Format::kJson}, {"sarif", Format::kSarif}});
    lint->add_flag("--strict", options_.strict, "Warnings fail as errors do");
    AddTraffic(lint);
  }
  void AddSimulate() {
    CLI::App* simulate = Add("simulate", Command::kSimulate);
    AddFiles(simulate);
    AddFormat(simulate, {{"text", Format::kText}, {"json", Format::kJson}});
    simulate->add_option("--trace", options_.trace, "CSV of what users and both systems do, from when on");
    AddTraffic(simulate);
    simulate->add_option("--target-bad", options_.target_bad, "The same of the target; as legacy where left out")
        ->check(CLI::Range(0.0, 1.0));
    AddDuration(simulate, "--for", "End after this long; all holds and a week where left out",
                [this](base::Millis time) { options_.longest = time; });
  }
  void AddDiff() {
    CLI::App* diff = Add("diff", Command::kDiff);
    AddFiles(diff);
    AddFormat(diff, {{"text", Format::kText}, {"json", Format::kJson}});
    diff->add_flag("--exit-code", options_.exit_code, "Exit with 4 where something would change");
    CLI::Option* server = diff->add_flag("--server-side", server_side_, "As kubectl apply --server-side would apply it");
    diff->add_flag("--force-conflicts", how_.force, "Fields of other managers are taken over")->needs(server);
    diff->add_option("--field-manager", how_.manager, "Who would apply it; kubectl where left out")->needs(server);
    diff->callback([this] {
      options_.command = Command::kDiff;
      if (server_side_) options_.server_side = how_;
    });
  }
  void AddTraffic(CLI::App* sub) {
    sub->add_option("--requests", options_.traffic.requests_per_second, "Requests a second of all users")->check(CLI::Range(1e-6, 1e9));
    sub->add_option("--legacy-bad", options_.traffic.legacy_bad, "Share of legacy's requests that are bad, such as 0.001")
        ->check(CLI::Range(0.0, 0.999));
  }
  template <typename Take>
  static void AddDuration(CLI::App* sub, const std::string& flag, const std::string& help, Take take) {
    sub->add_option_function<std::string>(
        flag,
        [flag, take](const std::string& text) {
          const auto parsed = base::ParseDuration(text);
          if (!parsed || parsed->count() <= 0) throw CLI::ValidationError(flag, "wants a duration such as 10m");
          take(*parsed);
        },
        help);
  }
  void AddShell() {
    CLI::App* completion = Add("completion", Command::kCompletion);
    completion->add_option("SHELL", options_.shell, "bash, zsh, fish, or kubectl for kubectl's own completion")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish", "kubectl"}));
  }

  Options& options_;
  std::map<const CLI::Option*, std::vector<std::string>> choices_;
  bool server_side_ = false;
  ServerSide how_;
  CLI::App app_{
      "Shows where SoftMigrations are and why, and tells them what to do.\n"
      "It uses your kubeconfig and your rights only. Verbs that change something write to spec, and say what they wrote.",
      "kubectl softmigration"};
};

}  // namespace

const std::vector<std::pair<std::string, std::string>>& Verbs() {
  static const std::vector<std::pair<std::string, std::string>> kVerbs{
      {"list", "One line for each migration"},
      {"get", "Everything about one: phase, weights, metrics with their evidence, the last rollback"},
      {"explain", "Why it is where it is, what comes next and when, and what you can do"},
      {"events", "What happened to it"},
      {"watch", "The page of get, live"},
      {"promote", "Lets it go further: raises spec.desiredPhase"},
      {"pause", "Holds it where it is: sets spec.paused"},
      {"resume", "Lets it go on: clears spec.paused"},
      {"rollback", "Takes all users back to legacy: sets spec.desiredPhase to Pending"},
      {"retry", "Begins again after a rollback: raises spec.attempt"},
      {"set-weight", "Makes the next step go to this weight: edits spec.plan.shift.steps"},
      {"lint", "Checks manifests without a cluster: what would be refused, and what is probably not meant"},
      {"diff", "What applying manifests would change, and what the operator would make of it"},
      {"simulate", "Plays manifests on a virtual clock: when they advance, roll back, and how many users are harmed"},
      {"judge", "Judges counts from standard input as the operator would"},
      {"completion", "Prints a completion script for a shell"}};
  return kVerbs;
}

ParsedOptions ParseOptions(int argc, const char* const* argv, kube::ConfigSources environment) {
  ParsedOptions parsed;
  parsed.options.cluster = std::move(environment);
  // What is being typed is no command line yet: nothing in it is an option of ours.
  if (argc > 1 && std::string_view(argv[1]) == "__complete") {
    parsed.options.command = Command::kComplete;
    parsed.options.words.assign(argv + 2, argv + argc);
    return parsed;
  }
  Reader reader(parsed.options);
  parsed.exit_code = reader.Read(argc, argv);
  return parsed;
}

std::vector<std::string> FlagsOf(const std::string& verb) {
  Options unused;
  return Reader(unused).Flags(verb);
}

bool TakesValue(const std::string& flag) {
  Options unused;
  return Reader(unused).Takes(flag);
}

std::vector<std::string> ChoicesOf(const std::string& verb, const std::string& flag) {
  Options unused;
  return Reader(unused).Choices(verb, flag);
}

}  // namespace softmig::cli
