#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace softmig::model {

/// A row of spec_cases.json, the patch applied.
struct SpecCase {
  std::string name;
  nlohmann::json spec;
  bool valid;
  std::string path;  ///< where ParseWholeSpec complains, for invalid ones
};

std::vector<SpecCase> LoadSpecCases();
/// The table's base spec, valid and with every field written out; `patch` is RFC 6902.
nlohmann::json BaseSpec(const nlohmann::json& patch = nlohmann::json::array());

}  // namespace softmig::model
