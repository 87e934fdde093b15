#include "reconcile/secret_sources.hpp"

#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "model/codec.hpp"

namespace softmig::reconcile {
namespace {

/// What nobody asked for in so long is made anew.
constexpr base::Millis kKeep = std::chrono::minutes(10);

std::string VersionsOf(const SecretContents& secrets) {
  std::string versions;
  for (const auto& [name, content] : secrets) versions += content->version + " ";
  return versions;
}

/// The Secrets of one metric while they come in: under the mutex until the last is there.
struct Gathering {
  std::mutex mutex;
  std::size_t open = 0;
  SecretContents contents;
  base::Status status;
};

void DistrustAll(SecretReader& reader, const std::string& ns, const model::MetricSpec& metric) {
  for (const std::string& name : model::SecretsOf(metric)) reader.Distrust({ns, name});
}

}  // namespace

/// What has been made of sources and the Secrets as they were.
class SecretSources::Made {
 public:
  explicit Made(const base::Clock& clock) : clock_(clock) {}

  base::Result<MetricAccess> Of(const std::string& ns, const model::MetricSpec& metric, const SecretContents& secrets) {
    const std::string key = ns + " " + model::SourceText(metric);
    const std::string versions = VersionsOf(secrets);
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.versions == versions) {
      found->second.used_at = clock_.SteadyNow();
      return found->second.access;
    }
    auto access = MakeAccess(metric, secrets);
    if (!access) return access;
    Sweep();
    entries_[key] = {versions, *access, clock_.SteadyNow()};
    return access;
  }

 private:
  struct Entry {
    std::string versions;
    MetricAccess access;
    base::SteadyTime used_at;
  };

  void Sweep() {
    const base::SteadyTime now = clock_.SteadyNow();
    if (now < sweep_at_) return;
    sweep_at_ = now + kKeep;
    std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.used_at >= kKeep; });
  }

  const base::Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ SM_GUARDED_BY(mutex_);
  base::SteadyTime sweep_at_ SM_GUARDED_BY(mutex_){};
};

SecretSources::SecretSources(SecretReader secrets, const base::Clock& clock)
    : secrets_(std::move(secrets)), made_(std::make_shared<Made>(clock)) {}

void SecretSources::Open(const Asker& asker, const model::MetricSpec& metric, Done done) {
  const std::string& ns = asker.migration.ns;
  const std::vector<std::string> names = model::SecretsOf(metric);
  if (names.empty()) return done(made_->Of(ns, metric, {}));
  auto conclude = [made = made_, reader = secrets_, ns, metric, done](Gathering& all) mutable {
    if (!all.status) return done(base::Fail(all.status.error()));
    auto access = made->Of(ns, metric, all.contents);
    if (!access) DistrustAll(reader, ns, metric);
    done(std::move(access));
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->open = names.size();
  for (const std::string& name : names) {
    secrets_.Read({ns, name}, [gathering, name, conclude](const base::Result<SecretReader::Content>& content) mutable {
      {
        const std::scoped_lock lock(gathering->mutex);
        if (content) gathering->contents[name] = *content;
        if (!content && gathering->status) gathering->status = base::Fail(content.error());
        if (--gathering->open > 0) return;
      }
      conclude(*gathering);
    });
  }
}

void SecretSources::Refused(const Asker& asker, const model::MetricSpec& metric) { DistrustAll(secrets_, asker.migration.ns, metric); }

}  // namespace softmig::reconcile
