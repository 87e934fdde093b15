#include "cli/run_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/manifest.hpp"
#include "lint/check.hpp"
#include "simulate/consequence.hpp"
#include "view/apply.hpp"
#include "view/migration.hpp"

namespace softmig::cli {
namespace {

using base::ErrorCode;
using base::Fail;
using nlohmann::json;

/// What applying one manifest comes to.
struct Outcome {
  std::string name;
  bool created = false;
  std::vector<view::FieldChange> changes;
  std::vector<std::string> consequences;
  std::string git;  ///< who else writes the spec; empty: nobody known
};

bool HasFinalizer(const json& object) {
  const json finalizers = object.value("/metadata/finalizers"_json_pointer, json::array());
  return std::ranges::any_of(
      finalizers, [](const json& one) { return one.is_string() && one.get_ref<const std::string&>().starts_with("softmigration.io/"); });
}

std::vector<std::string> ConsequencesOf(const json* live, const json& after, base::WallTime now) {
  const auto next = view::ReadMigration(after);
  if (!next || !next->parsed.errors.empty()) return {"nothing: the operator does not take this spec"};
  simulate::Edit edit;
  edit.after = &next->parsed.spec;
  std::optional<view::Migration> before;
  if (live != nullptr) {
    if (auto read = view::ReadMigration(*live)) before = std::move(*read);
  }
  if (before) {
    if (before->parsed.errors.empty()) edit.before = &before->parsed.spec;
    edit.status = before->status;
    edit.finalizer = HasFinalizer(*live);
  }
  return simulate::Consequences(edit, now);
}

/// What the API server makes of it; `live` is null where there is none yet.
base::Result<json> TryOut(Session& session, const Options& options, const std::string& name, const json& manifest, const json& live) {
  if (options.server_side) return session.DryApply(name, manifest, *options.server_side);
  if (live.is_null()) return session.DryCreate(manifest);
  return session.Patch(name, json::parse(view::ApplyPatch(live, manifest)), "", true);
}

/// Fields that the API server drops or refuses, in the words of lint: a patch without them would go through.
base::Status CheckFirst(const json& manifest) {
  for (const lint::Finding& finding : lint::Check(manifest, {})) {
    const bool refused = finding.rule == lint::Rule::kInvalidField || finding.rule == lint::Rule::kInvalidObject;
    if (!refused) continue;
    return Fail(ErrorCode::kInvalid,
                fmt::format("{} {}: {}; see: kubectl softmigration lint", finding.object, finding.path, finding.message));
  }
  return {};
}

base::Result<Outcome> Compare(Session& session, const Options& options, const std::string& default_ns, json manifest) {
  if (auto checked = CheckFirst(manifest); !checked) return Fail(checked.error());
  const std::string name = manifest.value("/metadata/name"_json_pointer, std::string());
  const std::string ns = manifest.value("/metadata/namespace"_json_pointer, default_ns);
  if (!options.ns.empty() && ns != options.ns) {
    return Fail(ErrorCode::kInvalid, fmt::format("{} is of namespace {}, not of {}; leave -n out", name, ns, options.ns));
  }
  manifest["metadata"]["namespace"] = ns;
  session.UseNamespace(ns);
  auto found = session.Get(name);
  if (!found && found.error().code != ErrorCode::kNotFound) return Fail(found.error());
  const json live = found ? std::move(*found) : json();
  const auto after = TryOut(session, options, name, manifest, live);
  if (!after) return Fail(after.error());
  Outcome outcome{lint::NameOf(manifest), live.is_null(), view::Differences(live, *after), {}, {}};
  if (!outcome.changes.empty()) outcome.consequences = ConsequencesOf(live.is_null() ? nullptr : &live, *after, session.now());
  if (const auto read = view::ReadMigration(live)) outcome.git = read->owner;
  return outcome;
}

std::string ToText(const Outcome& outcome) {
  std::string text = outcome.name + (outcome.created           ? "  would be created\n"
                                     : outcome.changes.empty() ? "  stays as it is\n"
                                                               : "  would change\n");
  if (!outcome.created) text += view::ChangesText(outcome.changes);
  if (!outcome.git.empty() && !outcome.changes.empty()) text += fmt::format("  {} keeps this object: it may undo the edit\n", outcome.git);
  if (outcome.consequences.empty()) return text;
  text += "  What the operator would do next\n";
  for (const std::string& one : outcome.consequences) text += "    " + one + "\n";
  return text;
}

json ToJson(const Outcome& outcome) {
  const auto value = [](const std::string& text) { return text.empty() ? json() : json::parse(text, nullptr, false); };
  json changes = json::array();
  for (const view::FieldChange& change : outcome.changes) {
    changes.push_back({{"path", change.path}, {"before", value(change.before)}, {"after", value(change.after)}});
  }
  return {{"name", outcome.name},
          {"created", outcome.created},
          {"changes", std::move(changes)},
          {"consequences", outcome.consequences},
          {"owner", outcome.git}};
}

base::Result<std::vector<Outcome>> CompareAll(Session& session, const Options& options, const std::vector<NamedText>& files) {
  const auto objects = SoftMigrationsOf(files);
  if (!objects) return Fail(objects.error());
  std::vector<Outcome> outcomes;
  const std::string default_ns = session.ns();
  for (const auto& object : *objects) {
    auto outcome = Compare(session, options, default_ns, *object);
    if (!outcome) return Fail(outcome.error());
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

}  // namespace

int RunDiff(Session& session, const Options& options, Terminal& terminal) {
  const auto files = ReadFiles(options.files);
  if (!files) return Complain(terminal, files.error(), kUsage);
  const auto outcomes = CompareAll(session, options, *files);
  if (!outcomes) return Complain(terminal, outcomes.error());
  json list = json::array();
  bool differs = false;
  for (const Outcome& outcome : *outcomes) {
    differs = differs || !outcome.changes.empty();
    if (options.format == Format::kJson) {
      list.push_back(ToJson(outcome));
    } else {
      terminal.out << ToText(outcome);
    }
  }
  if (options.format == Format::kJson) terminal.out << Print(json{{"objects", std::move(list)}}, Format::kJson);
  return differs && options.exit_code ? kDiffers : kDone;
}

}  // namespace softmig::cli
