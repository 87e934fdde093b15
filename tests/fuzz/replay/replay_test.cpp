#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fuzz/targets/fuzz_targets.hpp"
#include "fuzz/targets/require.hpp"

/// Runs every fuzz target over its corpus, in every build: what a fuzzer once found stays found.
namespace softmig::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(SOFTMIG_SOURCE_DIR) / "tests" / "fuzz" / "corpus";

std::vector<std::uint8_t> Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> FilesOf(const Target& target) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kCorpus / target.name)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, EveryFileKeepsThePromises) {
  const std::vector<fs::path> files = FilesOf(GetParam());
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) {
    const std::vector<std::uint8_t> bytes = Read(file);
    EXPECT_NO_THROW(GetParam().run(bytes)) << file;
  }
}

/// The same files, each cut off somewhere: most of what a hostile or dying peer sends.
TEST_P(Corpus, EveryBeginningOfAFileKeepsThePromises) {
  for (const fs::path& file : FilesOf(GetParam())) {
    const std::vector<std::uint8_t> bytes = Read(file);
    const std::size_t step = bytes.size() / 64 + 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      EXPECT_NO_THROW(GetParam().run(Bytes(bytes).first(size))) << file << " cut at " << size;
    }
  }
}

std::string NameOf(const ::testing::TestParamInfo<Target>& info) { return std::string(info.param.name); }
INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, ::testing::ValuesIn(kTargets), NameOf);

TEST(CorpusFolder, HoldsNothingThatNoTargetReads) {
  std::set<std::string> known;
  for (const Target& target : kTargets) known.emplace(target.name);
  for (const auto& entry : fs::directory_iterator(kCorpus)) EXPECT_TRUE(known.contains(entry.path().filename().string())) << entry;
}

}  // namespace
}  // namespace softmig::fuzz
