#include "kube/client/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

extern char** environ;

namespace softmig::kube {
namespace {

constexpr int kLookEveryMillis = 20;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// posix_spawn's two settings objects, freed together.
struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  explicit SpawnSettings(int output) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

std::vector<std::string> MergedEnvironment(const Program& program) {
  std::vector<std::string> merged;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : program.env) replaced = replaced || key == name;
    if (!replaced) merged.push_back(text);
  }
  for (const auto& [key, value] : program.env) merged.push_back(key + "=" + value);
  return merged;
}

/// Null-terminated pointers into `texts`, which must outlive them.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A started program. Destroying it kills its group and reaps it.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (exit_) return;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The wait status once it has ended.
  std::optional<int> Ended() {
    int status = 0;
    if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_) exit_ = status;
    return exit_;
  }

 private:
  const pid_t pid_;
  std::optional<int> exit_;
};

base::Result<pid_t> Spawn(const Program& program, int output) {
  std::vector<std::string> args = program.args;
  args.insert(args.begin(), program.command);
  std::vector<std::string> env = MergedEnvironment(program);
  const SpawnSettings settings(output);
  pid_t pid = -1;
  const int failed =
      ::posix_spawnp(&pid, program.command.c_str(), &settings.files, &settings.attributes, Pointers(args).data(), Pointers(env).data());
  if (failed == 0) return pid;
  return base::Fail(base::ErrorCode::kNotFound, "cannot start " + program.command + ": " + std::strerror(failed));
}

enum class ReadResult { kMore, kNothingYet, kEnd };

/// Reads what is there now, waiting a moment for it.
ReadResult ReadSome(int fd, std::string& into) {
  pollfd wait{fd, POLLIN, 0};
  if (::poll(&wait, 1, kLookEveryMillis) <= 0) return ReadResult::kNothingYet;
  char buffer[16384];
  const ssize_t count = ::read(fd, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN ? ReadResult::kNothingYet : ReadResult::kEnd;
  if (count == 0) return ReadResult::kEnd;
  into.append(buffer, static_cast<std::size_t>(count));
  return ReadResult::kMore;
}

base::Result<std::string> Outcome(const Program& program, int status, std::string output) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  const std::string how =
      WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status)) : "signal " + std::to_string(WTERMSIG(status));
  return base::Fail(base::ErrorCode::kUnavailable, program.command + " failed with " + how);
}

}  // namespace

base::Result<std::string> RunProgram(const Program& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return base::Fail(base::ErrorCode::kInternal, std::string("cannot make a pipe: ") + std::strerror(errno));
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  auto pid = Spawn(program, writing.get());
  if (!pid) return base::Fail(pid.error());
  Child child(*pid);
  writing.Close();

  const base::SystemClock clock;  // another process runs in real time, whatever clock the caller has
  const base::SteadyTime deadline = clock.SteadyNow() + program.timeout;
  std::string output;
  bool open = true;
  while (true) {
    const std::optional<int> ended = child.Ended();
    const ReadResult read = open ? ReadSome(reading.get(), output) : ReadResult::kEnd;
    if (output.size() > program.max_output) return base::Fail(base::ErrorCode::kInvalid, program.command + " prints too much");
    if (ended && read != ReadResult::kMore) return Outcome(program, *ended, std::move(output));
    if (clock.SteadyNow() >= deadline) return base::Fail(base::ErrorCode::kTimeout, program.command + " did not end in time");
    if (read == ReadResult::kEnd && open) {
      open = false;
    } else if (read == ReadResult::kEnd) {
      ::poll(nullptr, 0, kLookEveryMillis);
    }
  }
}

}  // namespace softmig::kube
