#include "cli/run_simulate.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/manifest.hpp"
#include "compare/whole_spec.hpp"
#include "lint/check.hpp"
#include "simulate/report.hpp"

namespace softmig::cli {
namespace {

using base::ErrorCode;
using base::Fail;

/// The same for every run: only distances in time mean something.
constexpr base::WallTime kBegin{base::Millis(1'767'225'600'000)};  // 2026-01-01T00:00:00Z

std::string Assumptions(const Options& options, const simulate::Trace& trace) {
  std::string text = simulate::Describe(trace.begin());
  const std::size_t rows = trace.rows().size();
  if (!options.trace.empty()) text += fmt::format("; then what {} says ({} row{})", options.trace, rows, rows == 1 ? "" : "s");
  return text;
}

base::Result<simulate::Trace> ReadTrace(const Options& options) {
  simulate::Moment begin;
  begin.requests = options.traffic.requests_per_second.value_or(kUsualRequests);
  begin.legacy_bad = options.traffic.legacy_bad;
  begin.target_bad = options.target_bad.value_or(begin.legacy_bad);
  if (options.trace.empty()) return simulate::Trace(begin, {});
  const auto files = ReadFiles({options.trace});
  if (!files) return Fail(files.error());
  auto trace = simulate::Trace::Read(files->front().text, begin);
  if (!trace) return Fail(trace.error().Wrap(options.trace));
  return trace;
}

base::Result<simulate::Simulation> Simulate(const nlohmann::json& object, const simulate::Trace& trace, const Options& options) {
  const std::string name = lint::NameOf(object);
  for (const lint::Finding& finding : lint::Check(object, options.traffic)) {
    if (lint::TextOf(finding.rule).severity != lint::Severity::kError) continue;
    return Fail(ErrorCode::kInvalid, fmt::format("{} {}: {}; see: kubectl softmigration lint", name, finding.path, finding.message));
  }
  const model::ParsedSpec parsed = compare::ParseWholeSpec(object.at("spec"));
  auto timeline = simulate::Run(parsed.spec, trace, {kBegin, options.longest});
  if (!timeline) return Fail(timeline.error().Wrap(name));
  return simulate::Simulation{name, Assumptions(options, trace), std::move(*timeline)};
}

/// Every SoftMigration of the files; the first mistake ends it.
base::Result<std::vector<simulate::Simulation>> SimulateAll(const std::vector<NamedText>& files, const simulate::Trace& trace,
                                                            const Options& options) {
  const auto objects = SoftMigrationsOf(files);
  if (!objects) return Fail(objects.error());
  std::vector<simulate::Simulation> simulations;
  for (const auto& object : *objects) {
    auto simulation = Simulate(*object, trace, options);
    if (!simulation) return Fail(simulation.error());
    simulations.push_back(std::move(*simulation));
  }
  return simulations;
}

void Show(const std::vector<simulate::Simulation>& simulations, Format format, Terminal& terminal) {
  if (format == Format::kJson) {
    nlohmann::json all = nlohmann::json::array();
    for (const simulate::Simulation& one : simulations) all.push_back(nlohmann::json::parse(simulate::ToJson(one)));
    terminal.out << nlohmann::json{{"simulations", std::move(all)}}.dump(2) << "\n";
    return;
  }
  for (std::size_t i = 0; i < simulations.size(); ++i) {
    terminal.out << (i > 0 ? "\n" : "") << simulate::ToText(simulations[i], terminal.colour);
  }
}

}  // namespace

int RunSimulate(const Options& options, Terminal& terminal) {
  const auto files = ReadFiles(options.files);
  if (!files) return Complain(terminal, files.error(), kUsage);
  const auto trace = ReadTrace(options);
  if (!trace) return Complain(terminal, trace.error(), kUsage);
  const auto simulations = SimulateAll(*files, *trace, options);
  if (!simulations) return Complain(terminal, simulations.error());
  Show(*simulations, options.format, terminal);
  return kDone;
}

}  // namespace softmig::cli
