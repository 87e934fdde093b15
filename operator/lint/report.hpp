#pragma once

#include <string>
#include <vector>

#include "lint/finding.hpp"

namespace softmig::lint {

/// What a run has found.
struct Report {
  std::vector<Finding> findings;  ///< in the order of the files
  int files = 0;
  int migrations = 0;  ///< SoftMigrations looked at
  int others = 0;      ///< objects of other kinds
};

int CountOf(const Report& report, Severity severity);

/// "deploy.yaml:12:5: error: shop/payments spec.plan…: message [InvalidField]", a line each, and a line that sums up. Control characters
/// become spaces.
std::string ToText(const Report& report);
/// {"findings": […], "summary": {…}}: the fields are described in docs/kubectl.md and only ever added to.
std::string ToJson(const Report& report);
/// SARIF 2.1.0, as code hosts show it beside the lines.
std::string ToSarif(const Report& report);

}  // namespace softmig::lint
