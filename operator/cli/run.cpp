#include "cli/run.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/completion.hpp"
#include "cli/run_diff.hpp"
#include "cli/run_lint.hpp"
#include "cli/run_simulate.hpp"
#include "cli/session.hpp"
#include "cli/watch.hpp"
#include "view/explain.hpp"
#include "view/pages.hpp"

namespace softmig::cli {
namespace {

using nlohmann::json;

constexpr int kTries = 3;

bool IsData(Format format) { return format == Format::kJson || format == Format::kYaml; }

json ItemsOf(const json& list) {
  const auto it = list.find("items");
  return it != list.end() && it->is_array() ? *it : json::array();
}

int RunList(Session& session, const Options& options, Terminal& terminal) {
  const auto list = session.List();
  if (!list) return Complain(terminal, list.error());
  json items = ItemsOf(*list);
  for (json& item : items) {  // the items of a list do not say what they are
    item["kind"] = "SoftMigration";
    item["apiVersion"] = "softmigration.io/v1alpha1";
  }
  if (IsData(options.format)) {
    terminal.out << Print(AsList(std::move(items)), options.format);
    return kDone;
  }
  std::vector<view::Migration> migrations;
  for (const json& item : items) {
    if (auto migration = view::ReadMigration(item)) migrations.push_back(std::move(*migration));
  }
  if (migrations.empty()) {
    terminal.err << (options.all_namespaces ? "there is no SoftMigration\n"
                                            : fmt::format("there is no SoftMigration in namespace {}; -A looks into all\n", session.ns()));
    return kDone;
  }
  terminal.out << view::ListPage(std::move(migrations), session.now(),
                                 options.all_namespaces ? view::Scope::kAllNamespaces : view::Scope::kOneNamespace,
                                 options.format == Format::kWide ? view::Width::kWide : view::Width::kUsual, terminal.colour);
  return kDone;
}

int RunGet(Session& session, const Options& options, Terminal& terminal) {
  const auto object = session.Get(options.name);
  if (!object) return Complain(terminal, object.error());
  if (IsData(options.format)) {
    terminal.out << Print(*object, options.format);
    return kDone;
  }
  const auto migration = view::ReadMigration(*object);
  if (!migration) return Complain(terminal, migration.error());
  terminal.out << (options.command == Command::kExplain ? view::ExplainPage(*migration, session.now())
                                                        : view::GetPage(*migration, session.now(), terminal.colour));
  return kDone;
}

int RunEvents(Session& session, const Options& options, Terminal& terminal) {
  if (const auto object = session.Get(options.name); !object) return Complain(terminal, object.error());
  const auto list = session.Events(options.name);
  if (!list) return Complain(terminal, list.error());
  const json items = ItemsOf(*list);
  if (IsData(options.format)) {
    terminal.out << Print(AsList(items), options.format);
    return kDone;
  }
  std::vector<view::EventLine> events;
  for (const json& item : items) events.push_back(view::ReadEvent(item));
  if (events.empty()) {
    terminal.err << "there is no Event about it; the API server keeps them for an hour\n";
  } else {
    terminal.out << view::EventsPage(std::move(events), session.now(), terminal.colour);
  }
  return kDone;
}

struct Written {
  json object;
  view::Change change;
  std::string git;
};

/// The operator writes status all the time: a patch on an older version is decided anew.
base::Result<Written> Write(Session& session, const Options& options) {
  base::Error last;
  for (int i = 0; i < kTries; ++i) {
    const auto object = session.Get(options.name);
    if (!object) return base::Fail(object.error());
    const auto migration = view::ReadMigration(*object);
    if (!migration) return base::Fail(migration.error());
    auto change = view::Plan(*migration, options.wish);
    if (!change) return base::Fail(change.error().code, fmt::format("{}/{}: {}", migration->ns, migration->name, change.error().message));
    auto written = session.Patch(options.name, json::parse(change->patch), migration->resource_version, options.dry_run);
    if (written) return Written{std::move(*written), *change, view::GitNote(*migration, *change)};
    last = written.error();
    if (last.code != base::ErrorCode::kConflict) break;
  }
  return base::Fail(last);
}

int RunChange(Session& session, const Options& options, Terminal& terminal) {
  const auto written = Write(session, options);
  if (!written) return Complain(terminal, written.error());
  if (IsData(options.format)) {
    terminal.out << Print(written->object, options.format);
    return kDone;
  }
  terminal.out << fmt::format("{}/{} {}{}\n", session.ns(), options.name, written->change.what,
                              options.dry_run ? " (not stored: --dry-run)" : "");
  terminal.out << "  " << written->change.effect << "\n  " << written->git << "\n";
  return kDone;
}

std::vector<std::string> NamesIn(const Options& options, const base::Clock& clock) {
  Options quiet = options;
  for (std::size_t i = 0; i + 1 < options.words.size(); ++i) {
    if (options.words[i] == "-n" || options.words[i] == "--namespace") quiet.ns = options.words[i + 1];
    if (options.words[i] == "--context") quiet.cluster.context_flag = options.words[i + 1];
    if (options.words[i] == "--kubeconfig") quiet.cluster.kubeconfig_flag = options.words[i + 1];
  }
  const auto log = base::MakeNullLog();
  auto session = Session::Open(quiet, clock, *log);
  if (!session) return {};
  const auto list = (*session)->List();
  std::vector<std::string> names;
  if (!list) return names;
  for (const json& item : ItemsOf(*list)) names.push_back(item.value("/metadata/name"_json_pointer, std::string()));
  return names;
}

}  // namespace

int Run(const Options& options, const base::Clock& clock, Terminal& terminal) {
  if (options.command == Command::kCompletion) {
    terminal.out << CompletionScript(options.shell);
    return kDone;
  }
  if (options.command == Command::kComplete) {
    for (const std::string& word : Complete(options.words, [&] { return NamesIn(options, clock); })) terminal.out << word << "\n";
    return kDone;
  }
  if (options.command == Command::kLint) return RunLint(options, terminal);
  if (options.command == Command::kSimulate) return RunSimulate(options, terminal);
  const auto log = base::MakeStderrLog(base::LogLevel::kError);
  auto session = Session::Open(options, clock, *log);
  if (!session) return Complain(terminal, session.error());
  switch (options.command) {
    case Command::kList: return RunList(**session, options, terminal);
    case Command::kGet:
    case Command::kExplain: return RunGet(**session, options, terminal);
    case Command::kEvents: return RunEvents(**session, options, terminal);
    case Command::kWatch: return Watch(**session, options, clock, terminal);
    case Command::kChange: return RunChange(**session, options, terminal);
    case Command::kDiff: return RunDiff(**session, options, terminal);
    case Command::kLint:
    case Command::kSimulate:
    case Command::kCompletion:
    case Command::kComplete: break;
  }
  return kUsage;
}

}  // namespace softmig::cli
