#include "compare/compare_spec.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "compare/path.hpp"
#include "compare/pattern.hpp"
#include "model/field_reader.hpp"
#include "model/limits.hpp"

namespace softmig::compare {
namespace {

using model::ErrorList;
using model::FieldReader;
using model::TextRule;

constexpr TextRule kPathText{1, kMostPathBytes, nullptr, ""};
constexpr TextRule kPatternText{1, kMostPatternBytes, nullptr, ""};
constexpr TextRule kPairText{0, 256, nullptr, ""};
constexpr TextRule kKeyText{1, 128, nullptr, ""};
constexpr TextRule kAbsolute{1, 32, model::IsPositiveDecimal, "a decimal text above \"0\""};
constexpr TextRule kRelative{1, 16, model::IsShare, "a decimal text above \"0\" and below \"1\""};
constexpr model::DurationRange kSkews{base::Millis(1), std::chrono::hours(24)};
constexpr std::array<const char*, 8> kKinds{"ignore", "tolerance", "decimal", "unordered", "pattern", "pairs", "sameId", "clockSkew"};

/// A path that was read; nothing after a mistake, which is noted.
std::optional<Path> ReadPath(FieldReader& rule, const std::string& text) {
  auto path = Path::Parse(text);
  if (path) return std::move(*path);
  if (!text.empty()) rule.Fail("path", path.error().message);
  return std::nullopt;
}

Tolerance ReadTolerance(FieldReader& rule) {
  Tolerance tolerance;
  auto reader = rule.Object("tolerance");
  if (!reader) return tolerance;
  tolerance.absolute = reader->OptionalText("absolute", kAbsolute);
  tolerance.relative = reader->OptionalText("relative", kRelative);
  if (!reader->Has("absolute") && !reader->Has("relative")) reader->Fail("absolute", "set absolute, relative or both");
  reader->RefuseOthers();
  return tolerance;
}

Unordered ReadUnordered(FieldReader& rule) {
  Unordered unordered;
  auto reader = rule.Object("unordered");
  if (!reader) return unordered;
  unordered.key = reader->OptionalText("key", kKeyText).value_or("");
  reader->RefuseOthers();
  return unordered;
}

Pattern ReadPattern(FieldReader& rule) {
  Pattern pattern{rule.Text("pattern", kPatternText)};
  if (const auto problem = ProblemOf(pattern.text)) rule.Fail("pattern", *problem);
  return pattern;
}

Pairs ReadPairs(FieldReader& rule) {
  Pairs pairs;
  for (FieldReader& pair : rule.Objects("pairs", {1, kMostPairs})) {
    std::string legacy = pair.Text("legacy", kPairText);
    pairs.values.emplace_back(std::move(legacy), pair.Text("target", kPairText));
    pair.RefuseOthers();
  }
  return pairs;
}

/// Of `ignore` and `decimal`: there is nothing to say but that they are wanted.
void WantTrue(FieldReader& rule, const char* key) {
  if (!rule.Boolean(key, true)) rule.Fail(key, "must be true; leave the rule out where it is not wanted");
}

void ReadKind(FieldReader& reader, Rule& rule) {
  if (reader.Has("ignore")) WantTrue(reader, "ignore");
  if (reader.Has("decimal")) {
    WantTrue(reader, "decimal");
    rule.allows = AsDecimal();
  }
  if (reader.Has("tolerance")) rule.allows = ReadTolerance(reader);
  if (reader.Has("unordered")) rule.allows = ReadUnordered(reader);
  if (reader.Has("pattern")) rule.allows = ReadPattern(reader);
  if (reader.Has("pairs")) rule.allows = ReadPairs(reader);
  if (reader.Has("sameId")) rule.allows = SameId{reader.Text("sameId", model::kLabel)};
  if (reader.Has("clockSkew")) rule.allows = ClockSkew{reader.Duration("clockSkew", kSkews, base::Millis(0))};
}

Rule ReadRule(FieldReader& reader) {
  Rule rule;
  rule.path = reader.Text("path", kPathText);
  rule.components = reader.Texts("components", model::kLabel, {0, model::limits::kComponents});
  const auto kinds = std::ranges::count_if(kKinds, [&](const char* kind) { return reader.Has(kind); });
  if (kinds != 1) {
    reader.Fail("ignore", "exactly one of ignore, tolerance, decimal, unordered, pattern, pairs, sameId and clockSkew must be set");
    for (const char* kind : kKinds) reader.Raw(kind);
  } else {
    ReadKind(reader, rule);
  }
  const auto path = ReadPath(reader, rule.path);
  if (path && path->root() != Path::Root::kBody && std::holds_alternative<Unordered>(rule.allows))
    reader.Fail("unordered", "only goes with a list in the body");
  if (path && path->root() == Path::Root::kStatus && !std::holds_alternative<Ignore>(rule.allows) &&
      !std::holds_alternative<Pairs>(rule.allows))
    reader.Fail("path", "status only goes with ignore and pairs");
  reader.RefuseOthers();
  return rule;
}

std::vector<std::string> ReadPaths(FieldReader& reader, const char* key, ErrorList& errors) {
  std::vector<std::string> texts = reader.Texts(key, kPathText, {0, kMostPaths});
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto path = Path::Parse(texts[i]);
    if (!path && !texts[i].empty()) errors.Add(reader.PathOf(key) + "[" + std::to_string(i) + "]", path.error().message);
  }
  return texts;
}

}  // namespace

ParsedCompareSpec ParseCompareSpec(const nlohmann::json& compare, const std::string& path) {
  ParsedCompareSpec parsed;
  ErrorList errors;
  FieldReader reader(compare, path, errors);
  if (reader.Has("headers")) {
    parsed.spec.headers = reader.Texts("headers", model::kHeaderName, {0, kMostHeaders});
    for (std::string& name : parsed.spec.headers) name = model::LowerAscii(std::move(name));
  }
  for (FieldReader& rule : reader.Objects("rules", {0, kMostRules})) parsed.spec.rules.push_back(ReadRule(rule));
  parsed.spec.critical = ReadPaths(reader, "critical", errors);
  parsed.spec.shown = ReadPaths(reader, "shown", errors);
  parsed.spec.controls = static_cast<int>(reader.Integer("controls", {0, 100}, parsed.spec.controls));
  reader.RefuseOthers();
  parsed.errors = errors.Take();
  return parsed;
}

}  // namespace softmig::compare
