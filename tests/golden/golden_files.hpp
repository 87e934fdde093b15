#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace softmig::testing {

/// Each tests/golden/FOLDER/*.json holds an input and what came of it when last reviewed: `evaluate` gives the file anew, and it must be
/// the same. SOFTMIG_REWRITE=1 writes the files instead; review them as a diff. There are at least `least` of them.
inline void ExpectGoldenFiles(const std::string& folder, int least, const std::function<nlohmann::json(nlohmann::json)>& evaluate) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
  const bool rewrite = std::getenv("SOFTMIG_REWRITE") != nullptr;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(SOFTMIG_SOURCE_DIR) / "tests/golden" / folder)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    std::ifstream stream(entry.path());
    const auto expected = nlohmann::json::parse(stream);
    const nlohmann::json actual = evaluate(expected);
    if (rewrite) {
      std::ofstream(entry.path()) << actual.dump(2) << "\n";
    } else {
      EXPECT_EQ(actual, expected) << entry.path() << "\n" << nlohmann::json::diff(expected, actual).dump(2);
    }
  }
  EXPECT_GE(files, least);
}

}  // namespace softmig::testing
