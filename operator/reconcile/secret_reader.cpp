#include "reconcile/secret_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "kube/client/base64.hpp"
#include "kube/core/json_text.hpp"
#include "kube/core/known_types.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using kube::Child;
using nlohmann::json;

constexpr base::Millis kDeadline{5'000};

SecretReader::Content ContentOf(const std::string& name, const json& object) {
  SecretContent content;
  const json& metadata = Child(object, "metadata");
  content.version = kube::StringField(metadata, "uid") + "/" + kube::StringField(metadata, "resourceVersion");
  content.permit = providers::SendPermit::Read(name, kube::StringField(Child(metadata, "annotations"), providers::SendPermit::kAnnotation));
  const json& data = Child(object, "data");
  for (const auto& [key, value] : data.items()) {
    const auto* text = value.get_ptr<const std::string*>();
    auto decoded = text == nullptr ? std::nullopt : kube::DecodeBase64(*text);
    if (decoded) content.values.emplace(key, providers::Secret(std::move(*decoded)));
  }
  return std::make_shared<const SecretContent>(std::move(content));
}

/// The API server says nothing about the Secret.
bool IsOutage(ErrorCode code) { return code != ErrorCode::kNotFound && code != ErrorCode::kForbidden; }

base::Error Sentence(const kube::ObjectKey& key, base::Error error) {
  if (error.code == ErrorCode::kNotFound) {
    error.message = fmt::format("there is no Secret \"{}\" in namespace {}", key.name, key.ns);
  } else if (error.code == ErrorCode::kForbidden) {
    error.message = fmt::format("the operator may not read Secret \"{}\": grant it \"get\" on secrets in namespace {}", key.name, key.ns);
  } else {
    error.message = fmt::format("Secret \"{}\" cannot be read: {}", key.name, error.message);
  }
  return error;
}

}  // namespace

class SecretReader::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(kube::RestClient& client, const base::Clock& clock) : client_(client), clock_(clock) {}

  void Read(const kube::ObjectKey& key, Done done) {
    std::optional<base::Result<Content>> known;
    bool is_on_its_way = false;
    {
      const std::scoped_lock lock(mutex_);
      Sweep();
      Entry& entry = entries_[key];
      if (entry.answer && clock_.SteadyNow() < entry.fresh_until) {
        known = entry.answer;
      } else {
        is_on_its_way = !entry.waiting.empty();
        entry.waiting.push_back(done);
      }
    }
    if (known) return done(*known);
    if (is_on_its_way) return;
    client_.GetLater(kube::kSecrets, key, kDeadline, [weak = weak_from_this(), key](const base::Result<json>& object) {
      if (const auto self = weak.lock()) self->Arrived(key, object);
    });
  }

  void Distrust(const kube::ObjectKey& key) {
    const std::scoped_lock lock(mutex_);
    const auto it = entries_.find(key);
    if (it != entries_.end()) it->second.fresh_until = std::min(it->second.fresh_until, it->second.read_at + kMinAge);
  }

 private:
  struct Entry {
    std::optional<base::Result<Content>> answer;
    base::SteadyTime read_at{};
    base::SteadyTime fresh_until{};
    std::vector<Done> waiting;
  };

  void Arrived(const kube::ObjectKey& key, const base::Result<json>& object) {
    base::Result<Content> answer = object ? base::Result<Content>(ContentOf(key.name, *object)) : base::Fail(Sentence(key, object.error()));
    std::vector<Done> waiting;
    {
      const std::scoped_lock lock(mutex_);
      Entry& entry = entries_[key];
      const base::SteadyTime now = clock_.SteadyNow();
      entry.fresh_until = now + (answer ? kMaxAge : kMinAge);
      const bool bridged = !answer && IsOutage(answer.error().code) && entry.answer && *entry.answer && now - entry.read_at < kMaxOutage;
      if (bridged) {
        answer = *entry.answer;
      } else {
        entry.answer = answer;
        entry.read_at = now;
      }
      waiting = std::exchange(entry.waiting, {});
    }
    for (const Done& done : waiting) done(answer);
  }

  /// What may never be given again is not kept either.
  void Sweep() {
    const base::SteadyTime now = clock_.SteadyNow();
    if (now < sweep_at_) return;
    sweep_at_ = now + kMaxAge;
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.waiting.empty() && now - entry.second.read_at >= kMaxOutage; });
  }

  kube::RestClient& client_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, Entry> entries_ SM_GUARDED_BY(mutex_);
  base::SteadyTime sweep_at_ SM_GUARDED_BY(mutex_){};
};

SecretReader::SecretReader(kube::RestClient& client, const base::Clock& clock) : impl_(std::make_shared<Impl>(client, clock)) {}
void SecretReader::Read(const kube::ObjectKey& key, Done done) { impl_->Read(key, std::move(done)); }
void SecretReader::Distrust(const kube::ObjectKey& key) { impl_->Distrust(key); }

}  // namespace softmig::reconcile
