#include "compare/rule_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/hash.hpp"
#include "compare/value_rules.hpp"

namespace softmig::compare {
namespace {

using nlohmann::json;
using Check = std::variant<Ignore, CompiledTolerance, AsDecimal, Unordered, CompiledPattern, Pairs, SameId, ClockSkew>;

/// Raised where the same rules begin to give other verdicts, so that old evidence is not taken for new.
constexpr int kRulesVersion = 1;
/// How a body is to be read, or what a gRPC call came to (in the headers where there are no trailers).
constexpr std::array<std::string_view, 3> kNeededHeaders{"content-type", "content-encoding", "grpc-status"};

std::string Canonical(const std::optional<std::string>& decimal) {
  std::string text;
  if (const auto number = decimal ? ParseDecimal(*decimal) : std::nullopt) AppendTo(*number, text);
  return text;
}

/// A rule's kind and settings, the same for all spellings of the same rule.
struct ToJson {
  json operator()(const Ignore& /*rule*/) const { return {"ignore"}; }
  json operator()(const Tolerance& rule) const { return {"tolerance", Canonical(rule.absolute), Canonical(rule.relative)}; }
  json operator()(const AsDecimal& /*rule*/) const { return {"decimal"}; }
  json operator()(const Unordered& rule) const { return {"unordered", rule.key}; }
  json operator()(const Pattern& rule) const { return {"pattern", rule.text}; }
  json operator()(const SameId& rule) const { return {"sameId", rule.map}; }
  json operator()(const ClockSkew& rule) const { return {"clockSkew", rule.most.count()}; }
  json operator()(const Pairs& rule) const {
    json values = json::array();
    for (const auto& [legacy, target] : rule.values) values.push_back({legacy, target});
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return {"pairs", std::move(values)};
  }
};

struct Compile {
  Check operator()(const Tolerance& rule) const {
    return CompiledTolerance{rule.absolute ? ParseDecimal(*rule.absolute) : std::nullopt,
                             rule.relative ? ParseDecimal(*rule.relative) : std::nullopt};
  }
  Check operator()(const Pattern& rule) const { return CompiledPattern(rule.text); }
  template <typename Other>
  Check operator()(const Other& rule) const {
    return rule;
  }
};

/// Each text once, in order.
std::vector<std::string> Sorted(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  const auto doubled = std::ranges::unique(texts);
  texts.erase(doubled.begin(), doubled.end());
  return texts;
}

std::uint64_t HashOf(std::vector<json> rules, const std::vector<std::string>& headers) {
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  const json about{kRulesVersion, std::move(rules), headers};
  return base::Fnv1a(about.dump(-1, ' ', false, json::error_handler_t::replace));
}

base::Status ReadPaths(const std::vector<std::string>& texts, std::vector<Path>& paths) {
  for (const std::string& text : texts) {
    auto path = Path::Parse(text);
    if (!path) return base::Fail(path.error().Wrap(text));
    paths.push_back(std::move(*path));
  }
  return {};
}

bool AnyIn(const std::vector<Path>& paths, std::span<const Step> place) {
  return std::ranges::any_of(paths, [&](const Path& path) { return path.root() == Path::Root::kBody && path.MatchesPart(place); });
}

bool AnyIs(const std::vector<Path>& paths, Path::Root root, std::string_view name) {
  return std::ranges::any_of(paths, [&](const Path& path) { return path.root() == root && path.name() == name; });
}

bool IsAbout(const Rule& rule, std::string_view component) {
  return rule.components.empty() || std::ranges::find(rule.components, component) != rule.components.end();
}

}  // namespace

std::uint64_t HashOfRules(const CompareSpec& spec) {
  std::vector<json> rules;
  for (const Rule& rule : spec.rules) rules.push_back({rule.path, std::visit(ToJson(), rule.allows), Sorted(rule.components)});
  return HashOf(std::move(rules), Sorted(spec.headers));
}

std::uint64_t HashOfRules(const CompareSpec& spec, std::string_view component) {
  std::vector<json> rules;
  for (const Rule& rule : spec.rules) {
    if (IsAbout(rule, component)) rules.push_back({rule.path, std::visit(ToJson(), rule.allows)});
  }
  return HashOf(std::move(rules), Sorted(spec.headers));
}

struct RuleSet::Compiled {
  Path path;
  Check check;
};

RuleSet::RuleSet() = default;
RuleSet::~RuleSet() = default;

base::Status RuleSet::Add(const Rule& rule) {
  auto path = Path::Parse(rule.path);
  if (!path) return base::Fail(path.error());
  if (const auto* pattern = std::get_if<Pattern>(&rule.allows)) {
    if (const auto problem = ProblemOf(pattern->text)) return base::Fail(base::ErrorCode::kInvalid, *problem);
  }
  const RuleMask bit = RuleMask{1} << rules_.size();
  if (std::holds_alternative<Ignore>(rule.allows)) ignore_ |= bit;
  if (std::holds_alternative<Unordered>(rule.allows)) unordered_ |= bit;
  has_body_rules_ = has_body_rules_ || path->root() == Path::Root::kBody;
  rules_.push_back({std::move(*path), std::visit(Compile(), rule.allows)});
  return {};
}

base::Result<std::shared_ptr<const RuleSet>> RuleSet::Make(const CompareSpec& spec, std::string_view component) {
  auto set = std::unique_ptr<RuleSet>(new RuleSet());
  if (spec.rules.size() > kMostRules)
    return base::Fail(base::ErrorCode::kInvalid, fmt::format("at most {} rules, are {}", kMostRules, spec.rules.size()));
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    const Rule& rule = spec.rules[i];
    if (!IsAbout(rule, component)) continue;
    if (const auto added = set->Add(rule); !added) return base::Fail(added.error().Wrap(fmt::format("rules[{}]", i)));
  }
  if (const auto read = ReadPaths(spec.critical, set->critical_); !read) return base::Fail(read.error().Wrap("critical"));
  if (const auto read = ReadPaths(spec.shown, set->shown_); !read) return base::Fail(read.error().Wrap("shown"));
  set->headers_ = Sorted(spec.headers);
  set->hash_ = HashOfRules(spec, component);
  return std::shared_ptr<const RuleSet>(std::move(set));
}

bool RuleSet::Captures(std::string_view header) const {
  return std::ranges::find(kNeededHeaders, header) != kNeededHeaders.end() || std::ranges::binary_search(headers_, header);
}

RuleMask RuleSet::ForBody(std::span<const Step> place) const {
  RuleMask mask = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const Path& path = rules_[i].path;
    const RuleMask bit = RuleMask{1} << i;
    if (path.root() != Path::Root::kBody) continue;
    if ((ignore_ & bit) != 0 ? path.MatchesPart(place) : path.Matches(place)) mask |= bit;
  }
  return mask;
}

RuleMask RuleSet::ForField(Path::Root root, std::string_view name) const {
  RuleMask mask = 0;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].path.root() == root && rules_[i].path.name() == name) mask |= RuleMask{1} << i;
  }
  return mask;
}

const Unordered* RuleSet::FindUnordered(RuleMask rules) const {
  const RuleMask meant = rules & unordered_;
  return meant == 0 ? nullptr : std::get_if<Unordered>(&rules_[static_cast<std::size_t>(std::countr_zero(meant))].check);
}

bool RuleSet::Allows(RuleMask rules, const Value& legacy, const Value& target, const IdContext& ids) const {
  for (; rules != 0; rules &= rules - 1) {
    const Compiled& rule = rules_[static_cast<std::size_t>(std::countr_zero(rules))];
    if (std::visit([&](const auto& check) { return compare::Allows(check, legacy, target, ids); }, rule.check)) return true;
  }
  return false;
}

bool RuleSet::IsCritical(std::span<const Step> place) const { return AnyIn(critical_, place); }
bool RuleSet::IsShown(std::span<const Step> place) const { return AnyIn(shown_, place); }
bool RuleSet::IsCritical(Path::Root root, std::string_view name) const { return AnyIs(critical_, root, name); }
bool RuleSet::IsShown(Path::Root root, std::string_view name) const { return AnyIs(shown_, root, name); }

}  // namespace softmig::compare
