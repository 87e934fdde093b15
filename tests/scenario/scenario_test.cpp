#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "scenario/script.hpp"

/// Each cases/*.txt is a transcript of one path through the phase graph. SOFTMIG_REWRITE=1 writes the outputs anew; review the diff.
namespace softmig::scenario {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Cases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(SOFTMIG_SOURCE_DIR) / "tests/scenario/cases")) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

class Scenario : public testing::TestWithParam<fs::path> {};

TEST_P(Scenario, GoesAsWritten) {
  std::stringstream text;
  text << std::ifstream(GetParam()).rdbuf();
  const std::string replayed = Replay(text.str());
  EXPECT_EQ(replayed.find("DOES NOT SETTLE"), std::string::npos) << replayed;
  EXPECT_EQ(replayed.find("no such command"), std::string::npos) << replayed;
  if (std::getenv("SOFTMIG_REWRITE") != nullptr)
    std::ofstream(GetParam()) << replayed;
  else
    EXPECT_EQ(replayed, text.str());
}

INSTANTIATE_TEST_SUITE_P(Cases, Scenario, testing::ValuesIn(Cases()), [](const auto& one) {
  std::string name = one.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace softmig::scenario
