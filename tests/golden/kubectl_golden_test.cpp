#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/time_format.hpp"
#include "view/explain.hpp"
#include "view/pages.hpp"

/// Each tests/golden/kubectl/*.json holds `now` and `object` (a SoftMigration); *.txt beside it is what people read of it: the line of
/// list, the page of get, the sentences of explain. SOFTMIG_REWRITE=1 writes the texts anew; review them as a diff.
namespace softmig::view {
namespace {

namespace fs = std::filesystem;

std::string TextOf(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string PagesOf(const nlohmann::json& golden) {
  const auto migration = ReadMigration(golden.at("object"));
  if (!migration) return migration.error().message;
  const base::WallTime now = base::ParseRfc3339(golden.at("now").get<std::string>()).value();
  return "=== list -o wide\n" + ListPage({*migration}, now, Scope::kAllNamespaces, Width::kWide, Colour::kNever) + "\n=== get\n" +
         GetPage(*migration, now, Colour::kNever) + "\n=== explain\n" + ExplainPage(*migration, now);
}

std::vector<fs::path> Cases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(SOFTMIG_SOURCE_DIR) / "tests/golden/kubectl")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

class KubectlGolden : public testing::TestWithParam<fs::path> {};

TEST_P(KubectlGolden, ReadsAsReviewed) {
  const auto golden = nlohmann::json::parse(TextOf(GetParam()));
  const fs::path reviewed = fs::path(GetParam()).replace_extension(".txt");
  const std::string pages = PagesOf(golden);
  EXPECT_EQ(pages.find('\x1b'), std::string::npos) << "what others wrote must not move the cursor";
  if (std::getenv("SOFTMIG_REWRITE") != nullptr)
    std::ofstream(reviewed) << pages;
  else
    EXPECT_EQ(pages, TextOf(reviewed));
}

INSTANTIATE_TEST_SUITE_P(Pages, KubectlGolden, testing::ValuesIn(Cases()), [](const auto& one) {
  std::string name = one.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace softmig::view
