#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "compare/value_digest.hpp"
#include "compare/verdict.hpp"

namespace softmig::compare {

/// A value as it may be stored: never itself, unless its field is on the list of those shown.
struct SampledValue {
  ValueKind kind = ValueKind::kAbsent;
  std::string digest;                ///< empty for kAbsent
  std::optional<std::string> shown;  ///< cut at kShownBytes
};

/// One field of one component that differs.
struct SampledDifference {
  std::string component, path;
  SampledValue legacy, target;  ///< of the first time
  std::uint64_t count = 0;      ///< exchanges
  std::uint64_t hidden = 0;     ///< of them: it was taken for noise (noise.hpp)
  base::WallTime first{}, last{};
  bool critical = false;
};

/// The differences that were seen most often, for people: bounded and redacted. Where there is no room, a new field takes the place of the
/// one that was seen least. Not thread-safe.
class DifferenceSample {
 public:
  static constexpr std::size_t kShownBytes = 128;

  /// REQUIRES: most > 0.
  DifferenceSample(ValueDigest digest, std::size_t most);

  /// The fields of an outcome, which has to be fresh: its values are views.
  void Add(std::string_view component, const Outcome& outcome, base::WallTime now);

  /// Critical ones first, then by how often they were not hidden, then by count.
  [[nodiscard]] std::vector<SampledDifference> Worst() const;
  /// {"differences": [{"component", "path", "legacy": {"kind", "hmac", "shown"}, "target", "count", "hidden", "first", "last",
  ///  "critical"}], "leftOut": how often a field had to make room}.
  [[nodiscard]] nlohmann::json ToJson() const;

 private:
  SampledDifference& Find(std::string_view component, const FieldDifference& field, base::WallTime now);
  [[nodiscard]] SampledValue Sample(const Value& value, bool shown) const;

  ValueDigest digest_;
  std::size_t most_;
  std::vector<SampledDifference> differences_;
  std::uint64_t left_out_ = 0;
};

}  // namespace softmig::compare
