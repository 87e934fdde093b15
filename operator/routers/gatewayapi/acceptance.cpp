#include "routers/gatewayapi/acceptance.hpp"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {
namespace {

using model::Acceptance;
using nlohmann::json;

constexpr std::int64_t kMaxGeneration = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxMessage = 256;

std::string ParentName(const json& parent) {
  const std::string name = TextMember(Member(&parent, "parentRef"), "name");
  return name.empty() ? "a gateway" : "gateway " + Cut(name, 64);
}

AcceptanceReport ReadParent(const json& parent, std::int64_t generation) {
  const json* accepted = FindCondition(&parent, "Accepted");
  const json* resolved = FindCondition(&parent, "ResolvedRefs");
  for (const json* condition : {accepted, resolved}) {
    if (IsCurrent(condition, generation) && TextMember(condition, "status") == "False")
      return Rejected(ParentName(parent), *condition, TextMember(condition, "message"));
  }
  const bool resolved_is_old = resolved != nullptr && !IsCurrent(resolved, generation);
  if (!IsCurrent(accepted, generation) || resolved_is_old) {
    return {Acceptance::kWaiting, ParentName(parent) + " has not yet seen the route as it is now"};
  }
  if (TextMember(accepted, "status") != "True") return {Acceptance::kWaiting, ParentName(parent) + " has not accepted the route"};
  return {Acceptance::kAccepted, ""};
}

}  // namespace

const json* FindCondition(const json* holder, std::string_view type) {
  const json* conditions = Member(holder, "conditions");
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const json& condition : *conditions) {
    if (TextMember(&condition, "type") == type) return &condition;
  }
  return nullptr;
}

std::optional<std::int64_t> GenerationOf(const json& object) {
  return WholeNumber(Member(Member(&object, "metadata"), "generation"), kMaxGeneration);
}

bool IsCurrent(const json* condition, std::int64_t generation) {
  const auto observed = WholeNumber(Member(condition, "observedGeneration"), kMaxGeneration);
  return observed && *observed == generation;
}

AcceptanceReport Rejected(const std::string& who, const json& condition, const std::string& message) {
  std::string text = who + " says " + TextMember(&condition, "type") + "=False";
  const std::string reason = TextMember(&condition, "reason");
  if (!reason.empty()) text += ", " + reason;
  if (!message.empty()) text += ": " + message;
  return {Acceptance::kRejected, Cut(text, kMaxMessage)};
}

model::RouteState StateHead(const json& object, AcceptanceReport report, SteeredField steered) {
  const json* metadata = Member(&object, "metadata");
  model::RouteState state;
  state.uid = TextMember(metadata, "uid");
  state.resource_version = TextMember(metadata, "resourceVersion");
  state.acceptance = report.acceptance;
  state.acceptance_message = Cut(std::move(report.message), kMaxMessage);
  state.last_writer = LastWriter(object, steered);
  return state;
}

AcceptanceReport AcceptedAsWritten(const json& /*object*/) { return {Acceptance::kAccepted, ""}; }

AcceptanceReport ReadAcceptance(const json& object) {
  const auto generation = GenerationOf(object);
  const json* parents = Member(Member(&object, "status"), "parents");
  if (!generation || parents == nullptr || !parents->is_array() || parents->empty()) {
    return {Acceptance::kWaiting, "no gateway has reported on the route"};
  }
  AcceptanceReport result{Acceptance::kAccepted, ""};
  for (const json& parent : *parents) {
    AcceptanceReport report = ReadParent(parent, *generation);
    if (report.acceptance == Acceptance::kRejected) return report;
    if (report.acceptance == Acceptance::kWaiting && result.acceptance == Acceptance::kAccepted) result = std::move(report);
  }
  return result;
}

}  // namespace softmig::routers
