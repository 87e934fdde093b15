#include "spec_table.hpp"

#include <fstream>

namespace softmig::model {
namespace {

nlohmann::json ReadTable() {
  std::ifstream file(SOFTMIG_SOURCE_DIR "/tests/unit/model/spec_cases.json");
  return nlohmann::json::parse(file);
}

}  // namespace

std::vector<SpecCase> LoadSpecCases() {
  const nlohmann::json table = ReadTable();
  std::vector<SpecCase> cases;
  for (const auto& row : table.at("cases")) {
    cases.push_back({row.at("name"), table.at("base").patch(row.at("patch")), row.at("valid"), row.value("path", "")});
  }
  return cases;
}

nlohmann::json BaseSpec(const nlohmann::json& patch) { return ReadTable().at("base").patch(patch); }

}  // namespace softmig::model
