#include "kube/runtime/lease_protocol.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/time_format.hpp"
#include "kube/core/json_text.hpp"
#include "kube/core/known_types.hpp"

namespace softmig::kube {
namespace {

constexpr base::Millis kMaxCall{2'000};
constexpr base::Millis kRetryRenewal{200};
constexpr std::int64_t kMaxDurationSeconds = 3'600;

LeaseRecord ReadRecord(const nlohmann::json& lease) {
  const nlohmann::json& spec = Child(lease, "spec");
  LeaseRecord record;
  record.holder = StringField(spec, "holderIdentity");
  record.renew_time = StringField(spec, "renewTime");
  record.resource_version = ParseMeta(lease).resource_version;
  record.duration_seconds = std::clamp<std::int64_t>(IntField(spec, "leaseDurationSeconds"), 0, kMaxDurationSeconds);
  record.transitions = IntField(spec, "leaseTransitions");
  return record;
}

std::int64_t WholeSeconds(base::Millis duration) { return std::chrono::ceil<std::chrono::seconds>(duration).count(); }

}  // namespace

LeaseProtocol::LeaseProtocol(LeaseOptions options, RestClient& client, Fence& fence, const base::Clock& clock, base::Log& log)
    : options_(std::move(options)),
      client_(client),
      fence_(fence),
      clock_(clock),
      log_(log),
      look_at_(clock.SteadyNow()),
      try_at_(look_at_),
      changed_at_(look_at_) {}

LeaseProtocol::~LeaseProtocol() = default;

LeaseProtocol::Outcome LeaseProtocol::Tick(const std::stop_token& stop) { return leading_ ? Lead(stop) : Follow(stop); }

void LeaseProtocol::Observe(const nlohmann::json& lease, base::SteadyTime seen) {
  if (leading_) return;
  // A watch may lag behind what we read ourselves.
  const bool older = lease_ && CompareResourceVersions(ParseMeta(lease).resource_version, record_.resource_version) < 0 &&
                     ParseMeta(lease).uid == ParseMeta(*lease_).uid;
  if (!older) Remember(lease, seen);
}

void LeaseProtocol::Remember(const nlohmann::json& lease, base::SteadyTime seen) {
  const LeaseRecord record = ReadRecord(lease);
  if (!lease_ || record.resource_version != record_.resource_version) changed_at_ = seen;
  record_ = record;
  lease_ = std::make_unique<nlohmann::json>(lease);
  seen_absent_ = false;
}

base::SteadyTime LeaseProtocol::FreeAt() const {
  if (record_.holder.empty() || record_.holder == options_.identity) return changed_at_;
  return changed_at_ + std::max<base::Millis>(options_.duration, std::chrono::seconds(record_.duration_seconds));
}

base::Millis LeaseProtocol::CallDeadline() const { return std::min(options_.renew_deadline / 2, kMaxCall); }

base::Status LeaseProtocol::Look(const std::stop_token& stop) {
  CallOptions call;
  call.deadline = CallDeadline();
  call.stop = stop;
  const auto lease = client_.Get(kLeases, options_.lease, call);
  if (lease) {
    Remember(*lease, clock_.SteadyNow());
    return {};
  }
  if (lease.error().code != base::ErrorCode::kNotFound) return base::Fail(lease.error());
  lease_.reset();
  record_ = LeaseRecord();
  seen_absent_ = true;
  return {};
}

nlohmann::json LeaseProtocol::Claim(bool renewing) const {
  nlohmann::json lease = lease_ ? *lease_ : nlohmann::json::object();
  const std::string now = base::FormatMicroTime(clock_.WallNow());
  if (!lease_) {
    lease["apiVersion"] = kLeases.ApiVersion();
    lease["kind"] = kLeases.kind;
    lease["metadata"] = {{"namespace", options_.lease.ns}, {"name", options_.lease.name}};
  }
  if (!Child(lease, "spec").is_object()) lease["spec"] = nlohmann::json::object();
  nlohmann::json& spec = lease["spec"];
  const bool ours = record_.holder == options_.identity;
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = WholeSeconds(options_.duration);
  spec["renewTime"] = now;
  if (!renewing && !ours) spec["acquireTime"] = now;
  if (!renewing && !ours) spec["leaseTransitions"] = lease_ ? record_.transitions + 1 : 0;
  return lease;
}

base::Status LeaseProtocol::Write(const std::stop_token& stop, base::SteadyTime start) {
  CallOptions call;
  call.stop = stop;
  call.deadline = CallDeadline();
  if (leading_) {
    const auto left = std::chrono::duration_cast<base::Millis>(fence_until_ - start);
    call.deadline = std::clamp(left, base::Millis(1), call.deadline);
    call.may_send = [&fence = fence_] { return fence.MayWrite(); };
  }
  const nlohmann::json claim = Claim(leading_);
  const auto written = lease_ ? client_.Update(kLeases, claim, call) : client_.Create(kLeases, claim, call);
  if (!written) return base::Fail(written.error());
  Remember(*written, clock_.SteadyNow());
  return {};
}

LeaseProtocol::Outcome LeaseProtocol::Follow(const std::stop_token& stop) {
  const base::SteadyTime now = clock_.SteadyNow();
  if (now >= look_at_) {
    look_at_ = now + options_.retry;
    if (const auto looked = Look(stop); !looked) log_.Debug("cannot read the lease", {{"error", looked.error().ToString()}});
  }
  const bool known = lease_ != nullptr || seen_absent_;
  const base::SteadyTime claim_at = std::max(lease_ ? FreeAt() : now, try_at_);
  const base::SteadyTime start = clock_.SteadyNow();
  if (!known || start < claim_at) return {Change::kNone, known ? std::min(look_at_, claim_at) : look_at_};

  const auto claimed = Write(stop, start);
  if (claimed) return Started(start);
  log_.Debug("cannot take the lease", {{"error", claimed.error().ToString()}});
  if (claimed.error().code == base::ErrorCode::kConflict || claimed.error().code == base::ErrorCode::kNotFound) {
    look_at_ = start;  // somebody was faster: see who
    if (Look(stop)) look_at_ = start + options_.retry;
  }
  try_at_ = start + options_.retry;
  return {Change::kNone, std::min(look_at_ > start ? look_at_ : try_at_, try_at_)};
}

LeaseProtocol::Outcome LeaseProtocol::Started(base::SteadyTime start) {
  fence_until_ = start + options_.renew_deadline;
  if (clock_.SteadyNow() >= fence_until_) {
    try_at_ = clock_.SteadyNow();  // accepted too late to be of use; the lease is ours, so claim it again at once
    return {Change::kNone, try_at_};
  }
  leading_ = true;
  renew_at_ = start + options_.retry;
  fence_.ExtendUntil(fence_until_);
  log_.Info("leading", {{"lease", options_.lease.ToString()}, {"identity", options_.identity}});
  return {Change::kStarted, renew_at_};
}

LeaseProtocol::Outcome LeaseProtocol::Stopped(const char* why) {
  fence_.Close();
  leading_ = false;
  log_.Warn("not leading any more", {{"lease", options_.lease.ToString()}, {"why", why}});
  const base::SteadyTime now = clock_.SteadyNow();
  look_at_ = now;
  try_at_ = now + options_.retry;
  return {Change::kStopped, now};
}

LeaseProtocol::Outcome LeaseProtocol::Lead(const std::stop_token& stop) {
  const base::SteadyTime start = clock_.SteadyNow();
  if (start >= fence_until_) return Stopped("no renewal was accepted in time");
  if (start < renew_at_) return {Change::kNone, std::min(renew_at_, fence_until_)};

  const auto renewed = Write(stop, start);
  if (renewed) {
    fence_until_ = start + options_.renew_deadline;
    fence_.ExtendUntil(fence_until_);
    renew_at_ = start + options_.retry;
    return {Change::kNone, renew_at_};
  }
  log_.Debug("cannot renew the lease", {{"error", renewed.error().ToString()}});
  const base::ErrorCode code = renewed.error().code;
  if (code == base::ErrorCode::kNotFound) return Stopped("the lease was deleted");
  if (code == base::ErrorCode::kConflict) {
    const auto looked = Look(stop);
    if (looked && !lease_) return Stopped("the lease was deleted");
    if (looked && record_.holder != options_.identity) return Stopped("another holds the lease");
  }
  renew_at_ = clock_.SteadyNow() + std::min(kRetryRenewal, options_.retry);
  return {Change::kNone, std::min(renew_at_, fence_until_)};
}

void LeaseProtocol::Release(base::Millis deadline) {
  fence_.Close();
  if (!leading_ || !lease_) return;
  leading_ = false;
  nlohmann::json lease = *lease_;
  lease["spec"]["holderIdentity"] = "";
  lease["spec"]["leaseDurationSeconds"] = 1;
  lease["spec"]["renewTime"] = base::FormatMicroTime(clock_.WallNow());
  CallOptions call;
  call.deadline = deadline;
  const auto released = client_.Update(kLeases, lease, call);
  if (!released) log_.Warn("cannot give the lease back; it will expire", {{"error", released.error().ToString()}});
}

}  // namespace softmig::kube
