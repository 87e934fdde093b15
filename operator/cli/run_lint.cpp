#include "cli/run_lint.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/manifest.hpp"
#include "lint/check.hpp"
#include "lint/report.hpp"

namespace softmig::cli {
namespace {

/// What it is called in findings.
std::string FileName(const std::string& path) { return path == "-" ? "stdin" : path; }

void LookAt(const NamedText& file, const lint::Traffic& traffic, lint::Report& report) {
  const Manifest manifest = ReadManifest(file.text);
  const auto add = [&](lint::Finding finding, Mark mark) {
    finding.file = FileName(file.name);
    finding.line = mark.line;
    finding.column = mark.column;
    report.findings.push_back(std::move(finding));
  };
  for (const ManifestError& error : manifest.errors) {
    const bool twice = error.kind == ManifestError::Kind::kDoubleKey;
    add({twice ? lint::Rule::kDoubleKey : lint::Rule::kInvalidYaml, "", error.message}, error.mark);
  }
  for (const Document& document : manifest.documents) {
    const nlohmann::json& object = *document.object;
    if (!lint::IsSoftMigration(object)) {
      ++report.others;
      const auto kind = object.find("kind");
      const std::string name = kind != object.end() && kind->is_string() ? kind->get<std::string>() : "an object without a kind";
      add({lint::Rule::kOtherObject, "", fmt::format("{} was not looked at", name), lint::NameOf(object)}, document.At(""));
      continue;
    }
    ++report.migrations;
    for (lint::Finding& finding : lint::Check(object, traffic)) {
      const Mark mark = document.At(finding.path);
      add(std::move(finding), mark);
    }
  }
}

std::string TextOf(const lint::Report& report, Format format) {
  if (format == Format::kJson) return lint::ToJson(report);
  return format == Format::kSarif ? lint::ToSarif(report) : lint::ToText(report);
}

}  // namespace

int RunLint(const Options& options, Terminal& terminal) {
  const auto files = ReadFiles(options.files);
  if (!files) return Complain(terminal, files.error(), kUsage);
  lint::Report report;
  report.files = static_cast<int>(files->size());
  for (const NamedText& file : *files) LookAt(file, options.traffic, report);
  terminal.out << TextOf(report, options.format);
  const int failing =
      lint::CountOf(report, lint::Severity::kError) + (options.strict ? lint::CountOf(report, lint::Severity::kWarning) : 0);
  return failing > 0 ? kFailed : kDone;
}

}  // namespace softmig::cli
