#include "kube/client/token_sources.hpp"

#include <fstream>
#include <mutex>

#include "base/mutex.hpp"

namespace softmig::kube {
namespace {

constexpr base::Millis kReadAgainAfter{60'000};
constexpr std::size_t kMaxTokenFile = 1U << 20U;

class StaticToken final : public TokenSource {
 public:
  explicit StaticToken(std::string token) : token_(std::move(token)) {}
  base::Result<std::string> Token() override { return token_; }
  void Drop() override {}

 private:
  const std::string token_;
};

/// Thread-safe: one mutex around everything, the file is small and local.
class FileToken final : public TokenSource {
 public:
  FileToken(std::string path, const base::Clock& clock) : path_(std::move(path)), clock_(clock) {}

  base::Result<std::string> Token() override {
    const std::lock_guard lock(mutex_);
    const base::SteadyTime now = clock_.SteadyNow();
    if (!stale_ && now - read_at_ < kReadAgainAfter) return token_;
    auto read = ReadTrimmed();
    if (!read && token_.empty()) return read;
    if (read) token_ = std::move(*read);
    stale_ = false;
    read_at_ = now;
    return token_;
  }

  void Drop() override {
    const std::lock_guard lock(mutex_);
    stale_ = true;
  }

 private:
  [[nodiscard]] base::Result<std::string> ReadTrimmed() const {
    auto text = ReadSmallFile(path_, kMaxTokenFile);
    if (!text) return text;
    const std::size_t first = text->find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return base::Fail(base::ErrorCode::kInvalid, "token file " + path_ + " is empty");
    return text->substr(first, text->find_last_not_of(" \t\r\n") - first + 1);
  }

  const std::string path_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::string token_ SM_GUARDED_BY(mutex_);
  base::SteadyTime read_at_ SM_GUARDED_BY(mutex_);
  bool stale_ SM_GUARDED_BY(mutex_) = true;
};

}  // namespace

base::Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::Fail(base::ErrorCode::kNotFound, "cannot open " + path);
  std::string text(max_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) return base::Fail(base::ErrorCode::kInvalid, "cannot read " + path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_bytes) {
    return base::Fail(base::ErrorCode::kInvalid, path + " is longer than " + std::to_string(max_bytes) + " bytes");
  }
  return text;
}

std::unique_ptr<TokenSource> MakeStaticToken(std::string token) { return std::make_unique<StaticToken>(std::move(token)); }

std::unique_ptr<TokenSource> MakeFileToken(std::string path, const base::Clock& clock) {
  return std::make_unique<FileToken>(std::move(path), clock);
}

}  // namespace softmig::kube
