#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace softmig::compare {

/// One step into a JSON body: into a member of an object, or into the elements of a list (which have no numbers here).
struct Step {
  std::string_view key;  ///< of a member
  bool is_element = false;
  bool is_data = false;  ///< the member's object has so many of them that their names are data, no fields
};

inline constexpr std::size_t kMostPathBytes = 512;
inline constexpr std::size_t kMostSegments = 32;

/// Which places of an answer are meant: `$.items[*].price`, `$..etag`, `$['odd name']`, `header:location`, `trailer:x-count`, `status`.
/// Immutable value type.
class Path {
 public:
  enum class Root : std::uint8_t { kBody, kHeader, kTrailer, kStatus };

  /// kInvalid says what is wrong "at character N" (bytes, from 1).
  static base::Result<Path> Parse(std::string_view text);

  [[nodiscard]] Root root() const { return root_; }
  [[nodiscard]] const std::string& name() const { return name_; }  ///< of the header or trailer, lower case
  [[nodiscard]] const std::string& text() const { return text_; }

  /// Whether a place in the body is meant by this path. REQUIRES: root() == kBody.
  [[nodiscard]] bool Matches(std::span<const Step> place) const;
  /// Whether it, or what it is a part of, is.
  [[nodiscard]] bool MatchesPart(std::span<const Step> place) const;

 private:
  struct Segment {
    enum class Kind : std::uint8_t { kMember, kAnyMember, kElements, kDeep };
    Kind kind = Kind::kMember;
    std::string name;
  };
  class Parser;
  [[nodiscard]] bool Matches(std::span<const Step> place, bool part) const;

  Root root_ = Root::kBody;
  std::string name_;
  std::string text_;
  std::vector<Segment> segments_;
};

/// The place as people read it: what Path::Parse takes, with `*` for names that look like data rather than fields (one of very many, long,
/// beginning with a digit, holding "@", spaces or control characters), because names are shown and data is not.
std::string PlaceText(std::span<const Step> place);

}  // namespace softmig::compare
