#include "cli/watch.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "view/pages.hpp"

namespace softmig::cli {
namespace {

constexpr base::Millis kBetweenReads{1'000};

/// Nothing wakes it: people end the program.
void Pause(base::Millis time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time, [] { return false; });
}

/// From the top of the screen; what stood there is overwritten line by line, so that nothing flickers.
std::string InPlace(const std::string& page) {
  std::string text = "\x1b[H";
  for (const char c : page) text += c == '\n' ? "\x1b[K\n" : std::string(1, c);
  return text + "\x1b[J";
}

bool IsPassing(const base::Error& error) {
  return error.code == base::ErrorCode::kUnavailable || error.code == base::ErrorCode::kTimeout ||
         error.code == base::ErrorCode::kThrottled;
}

class Watcher {
 public:
  Watcher(const Options& options, Terminal& terminal) : options_(options), terminal_(terminal) {}

  void Show(const view::Migration& migration, base::WallTime now) {
    if (terminal_.redraws) {
      if (std::exchange(first_, false)) terminal_.out << "\x1b[2J";
      terminal_.out << InPlace(view::GetPage(migration, now, terminal_.colour)) << std::flush;
      return;
    }
    // Without the time, which always differs.
    const std::string line = view::OneLine(migration, now);
    const std::string said = line.substr(std::min(line.find(' '), line.size()));
    if (std::exchange(said_, said) != said) terminal_.out << line << std::endl;
  }

  /// The exit code where there is nothing more to wait for.
  [[nodiscard]] std::optional<int> Ending(const view::Migration& migration) const {
    if (!options_.until || !migration.seen) return std::nullopt;
    const bool current = migration.status.observed_generation >= migration.generation;
    if (current && migration.status.phase == *options_.until) return kDone;
    const bool lost = migration.status.phase == model::Phase::kRolledBack || migration.status.phase == model::Phase::kInvalid;
    if (!current || !lost) return std::nullopt;
    terminal_.err << fmt::format("error: it is {}, and {} will not come by itself; see: kubectl softmigration explain {} -n {}\n",
                                 model::Name(migration.status.phase), model::Name(*options_.until), migration.name, migration.ns);
    return kFailed;
  }

 private:
  const Options& options_;
  Terminal& terminal_;
  std::string said_;
  bool first_ = true;
};

}  // namespace

int Watch(Session& session, const Options& options, const base::Clock& clock, Terminal& terminal) {
  Watcher watcher(options, terminal);
  const base::SteadyTime began = clock.SteadyNow();
  bool read_once = false;
  while (true) {
    const auto object = session.Get(options.name);
    const bool fatal = !object && (!read_once || !IsPassing(object.error()));
    if (fatal) return Complain(terminal, object.error());
    if (object) {
      read_once = true;
      const auto migration = view::ReadMigration(*object);
      if (!migration) return Complain(terminal, migration.error());
      watcher.Show(*migration, session.now());
      if (const auto code = watcher.Ending(*migration)) return *code;
    }
    if (options.timeout.count() > 0 && clock.SteadyNow() - began >= options.timeout) {
      terminal.err << fmt::format("error: not there after {}; see: kubectl softmigration explain {} -n {}\n",
                                  base::FormatDuration(options.timeout), options.name, session.ns());
      return kTimedOut;
    }
    Pause(kBetweenReads);
  }
}

}  // namespace softmig::cli
