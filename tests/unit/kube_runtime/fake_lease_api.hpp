#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "fakes/fake_transport.hpp"

namespace softmig::kube {

/// An API server that holds one Lease, with resourceVersions and conflicts. Thread-safe.
class FakeLeaseApi {
 public:
  enum class Mood { kFine, kDead, kBroken, kAppliesButTimesOut };

  std::optional<base::Result<http::Response>> Answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    if (mood_ == Mood::kDead) return std::nullopt;
    if (mood_ == Mood::kBroken) return Reply(503, "{}");
    auto answer = Do(request);
    const bool write = request.method != http::Method::kGet;
    if (write && mood_ == Mood::kAppliesButTimesOut) return base::Result<http::Response>(base::Fail(base::ErrorCode::kTimeout, "late"));
    return answer;
  }
  void SetMood(Mood mood) {
    const std::lock_guard lock(mutex_);
    mood_ = mood;
  }
  /// Somebody else writes the lease.
  void Put(const std::string& holder, int duration_seconds, int transitions = 3) {
    const std::lock_guard lock(mutex_);
    Store({{"metadata", {{"namespace", "ns"}, {"name", "lease"}, {"uid", "u"}}},
           {"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", duration_seconds}, {"leaseTransitions", transitions}}}});
  }
  void Remove() {
    const std::lock_guard lock(mutex_);
    lease_.reset();
  }
  [[nodiscard]] nlohmann::json spec() const {
    const std::lock_guard lock(mutex_);
    return lease_ ? lease_->at("spec") : nlohmann::json();
  }
  [[nodiscard]] nlohmann::json lease() const {
    const std::lock_guard lock(mutex_);
    return lease_ ? *lease_ : nlohmann::json();
  }
  [[nodiscard]] int writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }

 private:
  static base::Result<http::Response> Reply(int status, std::string body) { return http::Response{status, {}, std::move(body)}; }

  base::Result<http::Response> Do(const http::Request& request) {
    switch (request.method) {
      case http::Method::kGet: return lease_ ? Reply(200, lease_->dump()) : Reply(404, "{}");
      case http::Method::kPost:
        if (lease_) return Reply(409, "{}");
        Store(nlohmann::json::parse(request.body));
        return Reply(201, lease_->dump());
      case http::Method::kPut: {
        nlohmann::json sent = nlohmann::json::parse(request.body);
        if (!lease_) return Reply(404, "{}");
        if (sent["metadata"]["resourceVersion"] != (*lease_)["metadata"]["resourceVersion"]) return Reply(409, "{}");
        Store(std::move(sent));
        return Reply(200, lease_->dump());
      }
      default: return Reply(405, "{}");
    }
  }
  void Store(nlohmann::json lease) {
    lease["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease_ = std::move(lease);
    ++writes_;
  }

  mutable std::mutex mutex_;
  std::optional<nlohmann::json> lease_;
  int version_ = 100;
  int writes_ = 0;
  Mood mood_ = Mood::kFine;
};

}  // namespace softmig::kube
