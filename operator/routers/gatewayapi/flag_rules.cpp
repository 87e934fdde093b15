#include "routers/gatewayapi/flag_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

#include "model/route_state.hpp"
#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {
namespace {

using nlohmann::json;

constexpr std::size_t kHash = 8;
constexpr std::size_t kTags = 2 * (kHash + 1);  // "-xxxxxxxx-xxxxxxxx"
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxHeaders = 16;
constexpr std::string_view kPrefix = "softmig-";

/// FNV-1a folded to 32 bits: enough to tell at most 16 rules apart, and the same on every machine.
std::string Hash8(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32U));
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(folded >> static_cast<unsigned>(shift)) & 0xFU];
  return digits;
}

bool IsHash(std::string_view text) {
  return text.size() == kHash && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// Adds one header to the list of a match; false where the list already asks for something else of it.
bool AddHeader(json& headers, const model::HeaderFlag::Header& header) {
  for (const json& present : headers) {
    if (Lower(TextMember(&present, "name")) != Lower(header.name)) continue;
    const std::string type = TextMember(&present, "type");
    return (type.empty() || type == "Exact") && TextMember(&present, "value") == header.value;
  }
  headers.push_back({{"name", header.name}, {"type", "Exact"}, {"value", header.value}});
  return headers.size() <= kMaxHeaders;
}

bool AddFlag(json& match, const model::HeaderFlag& flag) {
  if (!match.is_object()) return false;
  json& headers = match["headers"];
  if (headers.is_null()) headers = json::array();
  if (!headers.is_array()) return false;
  return std::ranges::all_of(flag.headers, [&](const auto& header) { return AddHeader(headers, header); });
}

/// The target as the claimed rule names it (with its filters), else as we would.
json TargetRef(const json& rule, const Sides& sides, const RouteDialect& dialect) {
  json ref = dialect.new_backend(sides.target, 1);
  if (const json* refs = BackendRefs(rule)) {
    const auto found = std::ranges::find_if(*refs, [&](const json& r) { return dialect.classify(r, sides) == Backend::kTarget; });
    if (found != refs->end()) ref = *found;
  }
  ref["weight"] = 1;
  return ref;
}

/// `rule` without name, with the defaults of the parts that we write ourselves filled in.
json Comparable(json rule, const RouteDialect& dialect) {
  if (!rule.is_object()) return rule;
  rule.erase("name");
  const json* matches = Member(&rule, "matches");
  rule["matches"] = dialect.canonical(matches == nullptr ? json() : *matches);
  if (BackendRefs(rule) == nullptr) return rule;
  for (json& ref : rule["backendRefs"]) {
    if (!ref.is_object()) continue;
    ref.emplace("group", "");
    ref.emplace("kind", "Service");
    ref.emplace("weight", 1);
  }
  return rule;
}

}  // namespace

std::string ComponentKey(const std::string& component, const model::Side& legacy) {
  return Hash8(component + "\n" + legacy.service + ":" + std::to_string(legacy.port));
}

std::optional<OwnTag> ReadOwnTag(const std::string& name) {
  if (!name.starts_with(kPrefix) || name.size() < kPrefix.size() + kTags) return std::nullopt;
  const std::string_view tags = std::string_view(name).substr(name.size() - kTags);
  const std::string_view first = tags.substr(1, kHash);
  const std::string_view second = tags.substr(kHash + 2);
  if (tags[0] != '-' || tags[kHash + 1] != '-' || !IsHash(first) || !IsHash(second)) return std::nullopt;
  return OwnTag{std::string(first), std::string(second)};
}

std::string OwnName(const std::string& migration, const OwnTag& tag) {
  std::string middle = migration.substr(0, kMaxName - kPrefix.size() - kTags);
  while (!middle.empty() && (middle.back() == '.' || middle.back() == '-')) middle.pop_back();  // a name's part must not end so
  return std::string(kPrefix) + middle + "-" + tag.component_key + "-" + tag.rule_and_flag;
}

std::vector<PlannedFlagRule> PlanFlagRules(const std::string& component_key, const std::vector<const UserRule*>& claimed,
                                           std::span<const model::HeaderFlag> flags) {
  std::vector<PlannedFlagRule> planned;
  std::set<OwnTag> seen;
  for (const model::HeaderFlag& flag : flags) {
    for (const UserRule* rule : claimed) {
      OwnTag tag{component_key, Hash8(rule->id + "\n" + model::FlagText(flag))};
      if (seen.insert(tag).second) planned.push_back({std::move(tag), rule, &flag});
    }
  }
  return planned;
}

json FlagRuleBody(const PlannedFlagRule& planned, const Sides& sides, const RouteDialect& dialect) {
  json body = *planned.rule->value;
  body.erase("name");
  const json* matches = Member(&body, "matches");
  if (matches == nullptr || matches->is_null() || (matches->is_array() && matches->empty())) {
    body["matches"] = json::parse(dialect.canonical(json()));
  }
  if (!body["matches"].is_array()) return nullptr;
  for (json& match : body["matches"]) {
    if (!AddFlag(match, *planned.flag)) return nullptr;
  }
  body["backendRefs"] = json::array({TargetRef(*planned.rule->value, sides, dialect)});
  return body;
}

bool SameFlagRule(const json& live, const json& body, const RouteDialect& dialect) {
  return Comparable(live, dialect) == Comparable(body, dialect);
}

}  // namespace softmig::routers
