#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "kube/client/cluster_config.hpp"
#include "lint/check.hpp"
#include "model/status.hpp"
#include "view/change.hpp"

namespace softmig::cli {

enum class Command { kList, kGet, kExplain, kEvents, kWatch, kChange, kLint, kSimulate, kDiff, kCompletion, kComplete };
enum class Format { kText, kWide, kJson, kYaml, kSarif };

/// Exit codes of the program.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kTimedOut = 3;
inline constexpr int kDiffers = 4;

/// A server-side apply.
struct ServerSide {
  std::string manager = "kubectl";
  bool force = false;
};

/// What simulate takes for the traffic where nobody says.
inline constexpr double kUsualRequests = 100;

struct Options {
  Command command = Command::kList;
  kube::ConfigSources cluster;
  std::string ns;  ///< empty: the context's
  bool all_namespaces = false;
  std::string name;
  Format format = Format::kText;
  view::Wish wish;                        ///< kChange
  bool dry_run = false;                   ///< kChange: the API server checks, nothing is stored
  std::optional<model::Phase> until;      ///< kWatch: ends when it is there
  base::Millis timeout{0};                ///< kWatch: ends with kTimedOut; 0: never
  std::vector<std::string> files;         ///< kLint, kSimulate, kDiff: paths, "-" for standard input
  lint::Traffic traffic;                  ///< kLint, kSimulate
  bool strict = false;                    ///< kLint: warnings fail as errors do
  std::string trace;                      ///< kSimulate: path of a CSV; empty: nothing changes
  std::optional<double> target_bad;       ///< kSimulate: nothing: as legacy
  std::optional<base::Millis> longest;    ///< kSimulate
  std::optional<ServerSide> server_side;  ///< kDiff: nothing: as kubectl apply does on its own side
  bool exit_code = false;                 ///< kDiff: kDiffers where something would change
  std::string shell;                      ///< kCompletion
  std::vector<std::string> words;         ///< kComplete: of the command line so far, the last one unfinished
};

struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;  ///< the program ends: help was printed, or a mistake in one line
};

ParsedOptions ParseOptions(int argc, const char* const* argv, kube::ConfigSources environment);

/// Verbs and what each is for, as help and completion tell them.
const std::vector<std::pair<std::string, std::string>>& Verbs();

/// What the command line knows, for completion. Flags as "--name"; those of all verbs come first, and alone where the verb is empty.
std::vector<std::string> FlagsOf(const std::string& verb);
/// The flag of some verb, long or short, takes the next word.
bool TakesValue(const std::string& flag);
/// The names that may stand behind a flag of the verb; none where it takes anything.
std::vector<std::string> ChoicesOf(const std::string& verb, const std::string& flag);

}  // namespace softmig::cli
