#include "compare/path.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>

#include "model/safe_text.hpp"
#include "model/text_rules.hpp"

namespace softmig::compare {
namespace {

constexpr std::size_t kMostNameBytes = 64;  // a longer name of a member is data

// What a character means in the name of a member: a bit for each.
constexpr std::uint8_t kEndsName = 1;  // the name needs quotes
constexpr std::uint8_t kIsData = 2;    // no name of a field has it
constexpr std::uint8_t kNotAscii = 4;

constexpr auto kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0; c <= ' '; ++c) classes.at(c) = kEndsName | kIsData;
  classes['\x7f'] = classes['\''] = kEndsName | kIsData;
  for (const char c : {'.', '[', ']', '"', '*'}) classes.at(static_cast<std::size_t>(c)) = kEndsName;
  classes['@'] = kIsData;
  for (std::size_t c = 0x80; c < classes.size(); ++c) classes.at(c) = kNotAscii;
  return classes;
}();

unsigned ClassOf(char c) { return kClasses[static_cast<unsigned char>(c)]; }
bool EndsName(char c) { return (ClassOf(c) & kEndsName) != 0; }

/// Of all its characters.
unsigned ClassesOf(std::string_view name) {
  unsigned classes = 0;
  for (const char c : name) classes |= ClassOf(c);
  return classes;
}

bool LooksLikeData(std::string_view name, unsigned classes) {
  return name.empty() || name.size() > kMostNameBytes || (name.front() >= '0' && name.front() <= '9') || (classes & kIsData) != 0;
}

}  // namespace

/// Reads a path from left to right; the first mistake ends it.
class Path::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  base::Result<Path> Parse() {
    if (text_.size() > kMostPathBytes) return Wrong(fmt::format("a path has at most {} bytes", kMostPathBytes), kMostPathBytes);
    if (model::ValidUtf8(text_) != text_) return Wrong("a path is UTF-8");
    path_.text_ = text_;
    if (text_ == "status") {
      path_.root_ = Root::kStatus;
      return path_;
    }
    if (text_.starts_with("header:")) return Field(Root::kHeader, "header:");
    if (text_.starts_with("trailer:")) return Field(Root::kTrailer, "trailer:");
    if (!Take("$")) return Wrong("begin with $ (the body), header:NAME, trailer:NAME, or write status");
    return Body();
  }

 private:
  std::unexpected<base::Error> Wrong(std::string_view what, std::optional<std::size_t> at = std::nullopt) const {
    return base::Fail(base::ErrorCode::kInvalid, fmt::format("at character {}: {}", at.value_or(at_) + 1, what));
  }

  bool Take(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }

  base::Result<Path> Field(Root root, std::string_view prefix) {
    path_.root_ = root;
    path_.name_ = model::LowerAscii(std::string(text_.substr(prefix.size())));
    at_ = prefix.size();
    if (!model::IsHeaderName(path_.name_)) return Wrong("a header's name is wanted here");
    return path_;
  }

  base::Result<Path> Body() {
    while (at_ < text_.size()) {
      if (path_.segments_.size() >= kMostSegments) return Wrong(fmt::format("a path has at most {} steps", kMostSegments));
      if (auto problem = Next()) return Wrong(*problem);
    }
    if (!path_.segments_.empty() && path_.segments_.back().kind == Segment::Kind::kDeep) return Wrong("a name is wanted after ..");
    return path_;
  }

  std::optional<std::string> Next() {
    using Kind = Segment::Kind;
    const bool after_deep = !path_.segments_.empty() && path_.segments_.back().kind == Kind::kDeep;
    if (!after_deep && Take("..")) return Add(Kind::kDeep);
    if (Take("[*]")) return Add(Kind::kElements);
    if (Take("['")) return Quoted();
    if (Take("[")) return "write [*] for all elements of a list (they have no numbers here), or ['a name']";
    if (!after_deep && !Take(".")) return "a dot or a bracket is wanted here";
    if (Take("*")) return Add(Kind::kAnyMember);
    return Name();
  }

  std::optional<std::string> Add(Segment::Kind kind, std::string name = {}) {
    path_.segments_.push_back({kind, std::move(name)});
    return std::nullopt;
  }

  std::optional<std::string> Name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && !EndsName(text_[at_])) ++at_;
    if (at_ == from) return "a name is wanted here; write ['a name'] for one with dots, brackets, quotes, stars or spaces";
    return Add(Segment::Kind::kMember, std::string(text_.substr(from, at_ - from)));
  }

  std::optional<std::string> Quoted() {
    const std::size_t end = text_.find("']", at_);
    if (end == std::string_view::npos) return "the name that begins here has no '] at its end";
    const std::string name(text_.substr(at_, end - at_));
    at_ = end + 2;
    return Add(Segment::Kind::kMember, name);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Path path_;
};

base::Result<Path> Path::Parse(std::string_view text) { return Parser(text).Parse(); }

bool Path::Matches(std::span<const Step> place) const { return Matches(place, false); }
bool Path::MatchesPart(std::span<const Step> place) const { return Matches(place, true); }

/// As a file name is matched to a pattern, with `..` for its star: where it does not go on, the last `..` takes one step more. `part` is
/// one more `..` at the end.
bool Path::Matches(std::span<const Step> place, bool part) const {
  using Kind = Segment::Kind;
  const auto fits = [](const Segment& segment, const Step& step) {
    if (segment.kind == Kind::kElements) return step.is_element;
    return !step.is_element && (segment.kind == Kind::kAnyMember || segment.name == step.key);
  };
  std::size_t segment = 0;
  std::size_t step = 0;
  std::optional<std::size_t> deep;  // the segment after the last `..`
  std::size_t deep_step = 0;        // where in the place it was tried last
  while (step < place.size()) {
    if (segment == segments_.size() && part) return true;
    if (segment < segments_.size() && segments_[segment].kind == Kind::kDeep) {
      deep = ++segment;
      deep_step = step;
    } else if (segment < segments_.size() && fits(segments_[segment], place[step])) {
      ++segment;
      ++step;
    } else if (deep) {
      segment = *deep;
      step = ++deep_step;
    } else {
      return false;
    }
  }
  return segment == segments_.size();
}

std::string PlaceText(std::span<const Step> place) {
  std::string text = "$";
  unsigned all = 0;
  for (const Step& step : place) {
    if (step.is_element) {
      text += "[*]";
      continue;
    }
    const unsigned classes = ClassesOf(step.key);
    if (step.is_data || LooksLikeData(step.key, classes)) {
      text += ".*";
      continue;
    }
    all |= classes;
    if ((classes & kEndsName) != 0) {
      ((text += "['") += step.key) += "']";
    } else {
      (text += '.') += step.key;
    }
  }
  return (all & kNotAscii) == 0 ? text : model::ValidUtf8(text);
}

}  // namespace softmig::compare
