#pragma once

#include <string>
#include <string_view>

namespace softmig::providers {

/// What a query may name. All are DNS names by the rules of the API.
struct TemplateValues {
  std::string ns;         ///< {{namespace}}
  std::string name;       ///< {{name}}: the migration
  std::string component;  ///< {{component}}
  std::string legacy;     ///< {{legacy}}: Service name
  std::string target;     ///< {{target}}: Service name
  std::string service;    ///< {{service}}: Service name of the side that is counted
};

/// Puts the values in place of {{namespace}}, {{name}}, {{component}}, {{legacy}}, {{target}} and {{service}}; spaces within the braces are
/// allowed. Anything else in braces stays as it is, and so does a placeholder whose value is not made of letters, digits, '-' and '.'
/// only: such a value could change what the query means.
std::string FillPlaceholders(std::string_view text, const TemplateValues& values);

}  // namespace softmig::providers
