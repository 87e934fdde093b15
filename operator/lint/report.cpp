#include "lint/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/safe_text.hpp"

namespace softmig::lint {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 2'000;  ///< of a message

std::string Safe(const std::string& text) { return model::CutText(text, kMostBytes); }

std::string Plural(int count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

std::string Summary(const Report& report) {
  std::string text =
      fmt::format("{}: {}, {}, {}", Plural(report.migrations, "SoftMigration"), Plural(CountOf(report, Severity::kError), "error"),
                  Plural(CountOf(report, Severity::kWarning), "warning"), Plural(CountOf(report, Severity::kNote), "note"));
  if (report.others > 0) text += fmt::format("; {} of other kinds not looked at", Plural(report.others, "object"));
  return text;
}

std::string Place(const Finding& finding) {
  if (finding.line <= 0) return Safe(finding.file);
  return fmt::format("{}:{}:{}", Safe(finding.file), finding.line, finding.column);
}

/// What a code host takes for a path in the repository: everything but what may stand in a URI as it is, encoded.
std::string Uri(const std::string& file) {
  constexpr std::string_view kPlain = "-._~/!$&'()*+,;=@";
  std::string uri;
  for (const char c : file) {
    const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    uri += alnum || kPlain.find(c) != std::string_view::npos ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri.starts_with("./") ? uri.substr(2) : uri;
}

json SarifRules() {
  json rules = json::array();
  for (const RuleText& rule : Rules()) {
    rules.push_back({{"id", rule.name},
                     {"shortDescription", {{"text", rule.title}}},
                     {"help", {{"text", rule.help}}},
                     {"defaultConfiguration", {{"level", Name(rule.severity)}}}});
  }
  return rules;
}

json SarifResult(const Finding& finding) {
  json place{{"artifactLocation", {{"uri", Uri(finding.file)}}}};
  if (finding.line > 0) place["region"] = {{"startLine", finding.line}, {"startColumn", std::max(finding.column, 1)}};
  json location{{"physicalLocation", std::move(place)}};
  const std::string name = Safe(finding.object + (finding.object.empty() || finding.path.empty() ? "" : " ") + finding.path);
  if (!name.empty()) location["logicalLocations"] = {{{"fullyQualifiedName", name}}};
  const std::string message = finding.path.empty() ? finding.message : finding.path + ": " + finding.message;
  return {{"ruleId", TextOf(finding.rule).name},
          {"ruleIndex", static_cast<int>(finding.rule)},
          {"level", Name(TextOf(finding.rule).severity)},
          {"message", {{"text", Safe(message)}}},
          {"locations", json::array({std::move(location)})}};
}

}  // namespace

int CountOf(const Report& report, Severity severity) {
  return static_cast<int>(
      std::ranges::count_if(report.findings, [&](const Finding& finding) { return TextOf(finding.rule).severity == severity; }));
}

std::string ToText(const Report& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += fmt::format("{}: {}: ", Place(finding), Name(TextOf(finding.rule).severity));
    if (!finding.object.empty()) text += Safe(finding.object) + " ";
    if (!finding.path.empty()) text += Safe(finding.path) + ": ";
    text += fmt::format("{} [{}]\n", Safe(finding.message), TextOf(finding.rule).name);
  }
  return text + Summary(report) + "\n";
}

std::string ToJson(const Report& report) {
  json findings = json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back({{"rule", TextOf(finding.rule).name},
                        {"severity", Name(TextOf(finding.rule).severity)},
                        {"file", Safe(finding.file)},
                        {"line", finding.line},
                        {"column", finding.column},
                        {"object", Safe(finding.object)},
                        {"path", Safe(finding.path)},
                        {"message", Safe(finding.message)}});
  }
  const json summary{{"files", report.files},
                     {"migrations", report.migrations},
                     {"others", report.others},
                     {"errors", CountOf(report, Severity::kError)},
                     {"warnings", CountOf(report, Severity::kWarning)},
                     {"notes", CountOf(report, Severity::kNote)}};
  return json{{"findings", std::move(findings)}, {"summary", summary}}.dump(2) + "\n";
}

std::string ToSarif(const Report& report) {
  json results = json::array();
  for (const Finding& finding : report.findings) results.push_back(SarifResult(finding));
  const json driver{{"name", "kubectl-softmigration lint"}, {"version", SOFTMIG_VERSION}, {"rules", SarifRules()}};
  const json run{{"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", std::move(results)}};
  return json{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", json::array({run})}}.dump(2) +
         "\n";
}

}  // namespace softmig::lint
