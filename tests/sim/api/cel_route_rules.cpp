#include <map>

#include "base/time_format.hpp"
#include "sim/api/cel_rules.hpp"
#include "sim/api/cel_view.hpp"

namespace softmig::sim {
namespace {

using nlohmann::json;

std::string Text(const json& object, const char* name) { return kube::StringField(object, name); }

bool SameParent(const json& a, const json& b) {
  return Child(a, "group") == Child(b, "group") && Child(a, "kind") == Child(b, "kind") && Child(a, "name") == Child(b, "name") &&
         Text(a, "namespace") == Text(b, "namespace");
}

/// Where one object is named twice, each must say which of its parts, and not the same.
bool ParentsDiffer(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    return ExistsOne(self, [&](const json& b) {
      return SameParent(a, b) && Text(a, "sectionName") == Text(b, "sectionName") && kube::IntField(a, "port") == kube::IntField(b, "port");
    });
  });
}
bool ParentsSayThePart(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    return All(self, [&](const json& b) {
      if (!SameParent(a, b)) return true;
      return Text(a, "sectionName").empty() == Text(b, "sectionName").empty() &&
             (kube::IntField(a, "port") == 0) == (kube::IntField(b, "port") == 0);
    });
  });
}

bool AtMost128Matches(const json& self, const json* /*old*/) {
  std::size_t matches = 0;
  for (const json& rule : self) matches += Child(rule, "matches").size();
  return matches <= 128;
}

bool RuleNamesDiffer(const json& self, const json* /*old*/) {
  return All(self, [&](const json& a) {
    return !Has(a, "name") || ExistsOne(self, [&](const json& b) { return Has(b, "name") && b["name"] == a["name"]; });
  });
}

bool NoRedirectWithBackends(const json& self, const json* /*old*/) {
  return Child(self, "backendRefs").empty() || All(Child(self, "filters"), [](const json& f) { return !Has(f, "requestRedirect"); });
}

bool ServiceHasPort(const json& self, const json* /*old*/) {
  return !Text(self, "group").empty() || Text(self, "kind") != "Service" || Has(self, "port");
}

bool Plain(const json& self) { return Text(self, "type") == "Exact" || Text(self, "type") == "PathPrefix"; }

bool StartsWithSlash(const json& self, const json* /*old*/) { return !Plain(self) || Text(self, "value").starts_with('/'); }

/// One rule of the Gateway API each; all of them complain at the same field.
template <const char* kPart>
bool HasNoPart(const json& self, const json* /*old*/) {
  return !Plain(self) || Text(self, "value").find(kPart) == std::string::npos;
}
template <const char* kEnd>
bool HasNoEnd(const json& self, const json* /*old*/) {
  return !Plain(self) || !Text(self, "value").ends_with(kEnd);
}
constexpr char kEmptySegment[] = "//";
constexpr char kDot[] = "/./";
constexpr char kDots[] = "/../";
constexpr char kSlashLower[] = "%2f";
constexpr char kSlashUpper[] = "%2F";
constexpr char kHash[] = "#";
constexpr char kLastDot[] = "/.";
constexpr char kLastDots[] = "/..";

bool PathCharacters(const json& self, const json* /*old*/) {
  static const Pattern kPath(R"(^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$)");
  return !Plain(self) || kPath.Finds(Text(self, "value"));
}

bool TimeoutsInOrder(const json& self, const json* /*old*/) {
  if (!Has(self, "request") || !Has(self, "backendRequest")) return true;
  const auto whole = base::ParseDuration(Text(self, "request"));
  const auto part = base::ParseDuration(Text(self, "backendRequest"));
  return whole && part && (*whole == base::Millis(0) || *part <= *whole);
}

template <const char* kType, const char* kMember>
bool MemberGoesWithType(const json& self, const json* /*old*/) {
  return Has(self, kMember) == (Text(self, "type") == kType);
}
constexpr char kRequestType[] = "RequestHeaderModifier";
constexpr char kRequestMember[] = "requestHeaderModifier";
constexpr char kResponseType[] = "ResponseHeaderModifier";
constexpr char kResponseMember[] = "responseHeaderModifier";
constexpr char kMirrorType[] = "RequestMirror";
constexpr char kMirrorMember[] = "requestMirror";
constexpr char kRedirectType[] = "RequestRedirect";
constexpr char kRedirectMember[] = "requestRedirect";
constexpr char kRewriteType[] = "URLRewrite";
constexpr char kRewriteMember[] = "urlRewrite";
constexpr char kExtensionType[] = "ExtensionRef";
constexpr char kExtensionMember[] = "extensionRef";

template <const char* kType>
bool AtMostOne(const json& self, const json* /*old*/) {
  return std::ranges::count_if(self, [](const json& f) { return Text(f, "type") == kType; }) <= 1;
}
bool NotBothRedirectAndRewrite(const json& self, const json* /*old*/) {
  const auto has = [&](const char* type) { return Exists(self, [&](const json& f) { return Text(f, "type") == type; }); };
  return !has(kRedirectType) || !has(kRewriteType);
}

}  // namespace

std::optional<RuleCheck> FindRouteRule(std::string_view text) {
  static const std::map<std::string, RuleCheck, std::less<>> kBook = {
      {"parents differ", ParentsDiffer},
      {"parents say the part", ParentsSayThePart},
      {"at most 128 matches", AtMost128Matches},
      {"rule names differ", RuleNamesDiffer},
      {"no redirect with backends", NoRedirectWithBackends},
      {"a service has a port", ServiceHasPort},
      {"starts with /", StartsWithSlash},
      {"without //", HasNoPart<kEmptySegment>},
      {"without /./", HasNoPart<kDot>},
      {"without /../", HasNoPart<kDots>},
      {"without %2f", HasNoPart<kSlashLower>},
      {"without %2F", HasNoPart<kSlashUpper>},
      {"without #", HasNoPart<kHash>},
      {"does not end with /.", HasNoEnd<kLastDot>},
      {"does not end with /..", HasNoEnd<kLastDots>},
      {"characters of a path", PathCharacters},
      {"timeouts in order", TimeoutsInOrder},
      {"one redirect or rewrite", NotBothRedirectAndRewrite},
      {"one RequestHeaderModifier", AtMostOne<kRequestType>},
      {"one ResponseHeaderModifier", AtMostOne<kResponseType>},
      {"one RequestRedirect", AtMostOne<kRedirectType>},
      {"one URLRewrite", AtMostOne<kRewriteType>},
      {"requestHeaderModifier goes with its type", MemberGoesWithType<kRequestType, kRequestMember>},
      {"responseHeaderModifier goes with its type", MemberGoesWithType<kResponseType, kResponseMember>},
      {"requestMirror goes with its type", MemberGoesWithType<kMirrorType, kMirrorMember>},
      {"requestRedirect goes with its type", MemberGoesWithType<kRedirectType, kRedirectMember>},
      {"urlRewrite goes with its type", MemberGoesWithType<kRewriteType, kRewriteMember>},
      {"extensionRef goes with its type", MemberGoesWithType<kExtensionType, kExtensionMember>},
  };
  const auto found = kBook.find(text);
  return found == kBook.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace softmig::sim
