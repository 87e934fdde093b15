#include "routers/nginx/canary_ingress_router.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "routers/gatewayapi/acceptance.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using base::Percent;
using model::RouteProblem;
using nlohmann::json;

constexpr std::int64_t kMaxPort = 65'535;
constexpr int kMaxWeight = 1'000'000;
constexpr const char* kWeightPath = "/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight";
constexpr const char* kSavedWeight = "canaryWeight";

const json* AnnotationsOf(const json& object) {
  const json* annotations = Member(Member(&object, "metadata"), "annotations");
  return annotations != nullptr && annotations->is_object() ? annotations : nullptr;
}

bool IsCanary(const json& object) { return TextMember(AnnotationsOf(object), kCanary) == "true"; }

/// "0" to "1000000", in digits only.
std::optional<int> Number(const json* text) {
  if (text == nullptr || !text->is_string()) return std::nullopt;
  const auto& digits = text->get_ref<const std::string&>();
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && number >= 0 && number <= kMaxWeight ? std::optional(number) : std::nullopt;
}

/// What canary-weight counts up to; nothing where percentages are no whole parts of it.
std::optional<int> TotalOf(const json* annotations) {
  const json* total = Member(annotations, kCanaryTotal);
  if (total == nullptr) return 100;
  const auto number = Number(total);
  return number && *number > 0 && *number % 100 == 0 ? number : std::nullopt;
}

/// The text of canary-weight for this share; nothing where it cannot be said.
std::optional<std::string> TextFor(int percent, const json* annotations) {
  if (percent == 0) return "0";
  const auto total = TotalOf(annotations);
  return total ? std::optional(std::to_string(percent * (*total / 100))) : std::nullopt;
}

bool IsTarget(const json& backend, const model::Side& target) {
  const json* service = Member(&backend, "service");
  if (TextMember(service, "name") != target.service) return false;
  const json* port = Member(service, "port");
  // Which number a name is, only the Service knows.
  return !TextMember(port, "name").empty() || WholeNumber(Member(port, "number"), kMaxPort) == target.port;
}

std::string DescribeIngressBackend(const json& backend) {
  const json* service = Member(&backend, "service");
  const std::string name = TextMember(service, "name");
  if (name.empty()) return "something that is no Service";
  const auto port = WholeNumber(Member(Member(service, "port"), "number"), kMaxPort);
  return "Service " + Cut(name, 253) + (port ? ":" + std::to_string(*port) : "");
}

std::vector<const json*> BackendsOf(const json& object) {
  const json* spec = Member(&object, "spec");
  std::vector<const json*> backends;
  if (const json* backend = Member(spec, "defaultBackend")) backends.push_back(backend);
  const json* rules = Member(spec, "rules");
  if (rules == nullptr || !rules->is_array()) return backends;
  for (const json& rule : *rules) {
    const json* paths = Member(Member(&rule, "http"), "paths");
    if (paths == nullptr || !paths->is_array()) continue;
    for (const json& path : *paths) {
      if (const json* backend = Member(&path, "backend")) backends.push_back(backend);
    }
  }
  return backends;
}

std::vector<RouteProblem> ProblemsOf(const json& object, const model::Side& target) {
  std::vector<RouteProblem> problems;
  if (!IsCanary(object))
    problems.push_back({"RouteMalformed", std::string("the Ingress is no canary: its annotation ") + kCanary + " is not true"});
  if (!TotalOf(AnnotationsOf(object))) problems.push_back({"RouteMalformed", std::string(kCanaryTotal) + " is no multiple of 100"});
  const std::vector<const json*> backends = BackendsOf(object);
  if (backends.empty())
    problems.push_back({"ForeignBackend", "the canary Ingress has no backend, where Service " + target.service + " should be"});
  for (const json* backend : backends) {
    if (IsTarget(*backend, target)) continue;
    problems.push_back({"ForeignBackend", "the canary Ingress sends to " + DescribeIngressBackend(*backend) + ", not to " + target.service +
                                              ":" + std::to_string(target.port)});
    break;
  }
  return problems;
}

model::ComponentTraffic ObserveWeight(const json& object, const model::Side& target) {
  model::ComponentTraffic traffic;
  traffic.problems = ProblemsOf(object, target);
  traffic.names_target = traffic.problems.empty();
  const json* annotations = AnnotationsOf(object);
  const json* text = Member(annotations, kCanaryWeight);
  const std::optional<int> weight = text == nullptr ? 0 : Number(text);
  traffic.any_target = weight != 0;
  const auto total = TotalOf(annotations);
  if (!traffic.problems.empty() || !weight || !total || *weight > *total || *weight % (*total / 100) != 0) return traffic;
  traffic.weight = Percent::Of(*weight / (*total / 100));
  return traffic;
}

/// Writes the annotation, or takes it away where `wanted` is null. kInvalid where what is there cannot be guarded.
base::Status SetWeight(const json& object, const json& wanted, PatchBuilder& patch) {
  const json* current = Member(AnnotationsOf(object), kCanaryWeight);
  if (current != nullptr && *current == wanted) return {};
  if (current == nullptr && wanted.is_null()) return {};
  if (current != nullptr) {
    patch.Test(kWeightPath, *current);
    wanted.is_null() ? patch.Remove(kWeightPath) : patch.Replace(kWeightPath, wanted);
    return {};
  }
  // That something is not there cannot be tested: nothing at all may have changed.
  const std::string version = TextMember(Member(&object, "metadata"), "resourceVersion");
  if (version.empty()) return base::Fail(ErrorCode::kInvalid, "the Ingress has no resourceVersion");
  patch.Test("/metadata/resourceVersion", version);
  patch.Add(kWeightPath, wanted);
  return {};
}

}  // namespace

Capabilities CanaryIngressRouter::capabilities(const model::RouteRef& /*route*/) const { return {}; }

model::RouteState CanaryIngressRouter::Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  model::RouteState state = StateHead(object, AcceptedAsWritten(object), kCanaryField);
  SetForAll(ObserveWeight(object, spec.target), spec, route, state);
  state.claimed_rules = {"annotation:canary-weight"};
  return state;
}

base::Result<std::string> CanaryIngressRouter::Save(const json& object, const model::Spec& /*spec*/, const model::RouteRef& route) const {
  if (!IsCanary(object)) return base::Fail(ErrorCode::kInvalid, "route " + route.name + " is no canary Ingress");
  const json* weight = Member(AnnotationsOf(object), kCanaryWeight);
  return SavedText({{kSavedWeight, weight == nullptr ? json() : *weight}}, "the canary-weight", route);
}

base::Result<ObjectPatch> CanaryIngressRouter::Render(const TrafficIntent& intent, const json& object) const {
  const std::string uid = UidOf(object);
  const json* annotations = AnnotationsOf(object);
  if (uid.empty() || annotations == nullptr || intent.components.empty()) {
    return base::Fail(ErrorCode::kInvalid, "route " + intent.route + " has no uid, no annotations or no weights");
  }
  const int percent = intent.components.front().split.target().value();
  const auto text = TextFor(percent, annotations);
  if (!text) return base::Fail(ErrorCode::kInvalid, "route " + intent.route + ": " + kCanaryTotal + " is no multiple of 100");
  PatchBuilder patch(uid);
  const bool is_absent_and_none = percent == 0 && Member(annotations, kCanaryWeight) == nullptr;
  if (is_absent_and_none) return ObjectPatch{};
  if (const auto set = SetWeight(object, *text, patch); !set) return base::Fail(set.error());
  return ObjectPatch{patch.Text()};
}

base::Result<ObjectPatch> CanaryIngressRouter::Restore(const std::string& saved, const json& object) const {
  const json parsed = ParseSaved(saved);
  const json* weight = Member(&parsed, kSavedWeight);
  const std::string uid = UidOf(object);
  if (weight == nullptr || !(weight->is_null() || weight->is_string()) || uid.empty()) {
    return base::Fail(ErrorCode::kInvalid, "what was remembered of the route cannot be read");
  }
  // Without annotations it is no canary any more, and has nothing of ours.
  if (AnnotationsOf(object) == nullptr) return ObjectPatch{};
  PatchBuilder patch(uid);
  if (const auto set = SetWeight(object, *weight, patch); !set) return base::Fail(set.error());
  return ObjectPatch{patch.Text()};
}

}  // namespace softmig::routers
