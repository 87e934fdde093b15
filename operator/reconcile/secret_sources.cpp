#include "reconcile/secret_sources.hpp"

#include <fmt/format.h>

#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "model/codec.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using providers::Secret;

/// What nobody asked for in so long is made anew.
constexpr base::Millis kKeep = std::chrono::minutes(10);

base::Result<Secret> ValueOf(const model::SecretKey& wanted, const SecretContents& secrets) {
  const auto it = secrets.find(wanted.name);
  if (it == secrets.end()) return base::Fail(ErrorCode::kInternal, fmt::format("Secret \"{}\" was not read", wanted.name));
  const SecretContent& secret = *it->second;
  // First: who may not use the Secret is not told what it holds.
  if (secret.permit.addresses.empty()) {
    return base::Fail(ErrorCode::kForbidden, fmt::format("Secret \"{}\" may not be sent anywhere: name the addresses in its annotation {}",
                                                         wanted.name, providers::SendPermit::kAnnotation));
  }
  const auto value = secret.values.find(wanted.key);
  if (value == secret.values.end()) {
    return base::Fail(ErrorCode::kInvalid, fmt::format("Secret \"{}\" has no key \"{}\"", wanted.name, wanted.key));
  }
  return value->second;
}

/// Fills in one credential after the other and stops at the first that is missing.
class Filling {
 public:
  explicit Filling(const SecretContents& secrets) : secrets_(secrets) {}

  Secret Take(const model::SecretKey& key) {
    auto value = ValueOf(key, secrets_);
    if (value) return std::move(*value);
    if (status_) status_ = base::Fail(value.error());
    return {};
  }
  [[nodiscard]] const base::Status& status() const { return status_; }

 private:
  const SecretContents& secrets_;
  base::Status status_;
};

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

base::Result<providers::Credentials> CredentialsFor(const model::MetricSpec& metric, const SecretContents& secrets) {
  const model::SourceAccess& access = metric.access;
  Filling filling(secrets);
  providers::Credentials credentials;
  for (const auto& header : access.headers) {
    credentials.headers.emplace_back(header.name, header.secret ? filling.Take(*header.secret) : Secret(header.value));
  }
  if (access.bearer_token) credentials.bearer_token = filling.Take(*access.bearer_token);
  if (access.basic) {
    credentials.basic = providers::BasicCredentials{filling.Take(access.basic->username).Reveal(), filling.Take(access.basic->password)};
  }
  if (access.ca) credentials.ca_pem = filling.Take(*access.ca).Reveal();
  credentials.server_name = access.server_name;
  if (!filling.status()) return base::Fail(filling.status().error());
  for (const auto& [name, content] : secrets) credentials.permits.push_back(content->permit);
  return credentials;
}

/// What has been made of sources and the Secrets as they were.
class SecretSources::Made {
 public:
  Made(const providers::MetricProvider& provider, const base::Clock& clock)
      : provider_(std::shared_ptr<const providers::MetricProvider>(), &provider), clock_(clock) {}

  base::Result<MetricAccess> Of(const std::string& ns, const model::MetricSpec& metric, const SecretContents& secrets) {
    if (metric.access == model::SourceAccess()) return MetricAccess{provider_, {}};
    const std::string key = ns + " " + model::SourceText(metric);
    const std::string versions = VersionsOf(secrets);
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.versions == versions) {
      found->second.used_at = clock_.SteadyNow();
      return found->second.access;
    }
    const auto credentials = CredentialsFor(metric, secrets);
    if (!credentials) return base::Fail(credentials.error());
    auto authentication = providers::Authentication::Make(*credentials);
    if (!authentication) return base::Fail(authentication.error());
    Sweep();
    MetricAccess access{provider_, std::move(*authentication)};
    entries_[key] = {versions, access, clock_.SteadyNow()};
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
    std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.used_at >= kKeep; });
  }

  const std::shared_ptr<const providers::MetricProvider> provider_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ SM_GUARDED_BY(mutex_);
};

SecretSources::SecretSources(SecretReader secrets, const providers::MetricProvider& provider, const base::Clock& clock)
    : secrets_(std::move(secrets)), made_(std::make_shared<Made>(provider, clock)) {}

void SecretSources::Open(const std::string& ns, const model::MetricSpec& metric, Done done) {
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

void SecretSources::Refused(const std::string& ns, const model::MetricSpec& metric) { DistrustAll(secrets_, ns, metric); }

}  // namespace softmig::reconcile
