#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "kube/client/cluster_config.hpp"
#include "model/status.hpp"
#include "view/change.hpp"

namespace softmig::cli {

enum class Command { kList, kGet, kExplain, kEvents, kWatch, kChange, kCompletion, kComplete };
enum class Format { kText, kWide, kJson, kYaml };

/// Exit codes of the program.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kTimedOut = 3;

struct Options {
  Command command = Command::kList;
  kube::ConfigSources cluster;
  std::string ns;  ///< empty: the context's
  bool all_namespaces = false;
  std::string name;
  Format format = Format::kText;
  view::Wish wish;                    ///< kChange
  bool dry_run = false;               ///< kChange: the API server checks, nothing is stored
  std::optional<model::Phase> until;  ///< kWatch: ends when it is there
  base::Millis timeout{0};            ///< kWatch: ends with kTimedOut; 0: never
  std::string shell;                  ///< kCompletion
  std::vector<std::string> words;     ///< kComplete: of the command line so far, the last one unfinished
};

struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;  ///< the program ends: help was printed, or a mistake in one line
};

ParsedOptions ParseOptions(int argc, const char* const* argv, kube::ConfigSources environment);

/// Verbs and what each is for, as help and completion tell them.
const std::vector<std::pair<std::string, std::string>>& Verbs();

}  // namespace softmig::cli
