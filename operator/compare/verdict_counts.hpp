#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "compare/verdict.hpp"

namespace softmig::compare {

/// Cumulative counts of one component. Whoever reads them takes differences.
struct ComponentCounts {
  std::string component;
  std::uint64_t rules_hash = 0;  ///< of the rules that all of them were found under
  std::uint64_t eligible = 0;    ///< requests that are to be compared
  std::array<std::uint64_t, kVerdicts> verdicts{};
  std::array<std::uint64_t, kReasons> reasons{};  ///< of kDropped and kUncomparable
  std::uint64_t hidden = 0;                       ///< of kDiffers: nothing but noise (noise.hpp)
  std::uint64_t target_unasked = 0;               ///< of kBreakerOpen: it is the target that keeps failing

  /// Requests with a verdict. Never above `eligible`; the difference are those under way, and nothing else: a request may get lost on its
  /// way only by being counted as dropped.
  [[nodiscard]] std::uint64_t Decided() const;
  [[nodiscard]] std::uint64_t UnderWay() const { return eligible - Decided(); }
};

/// The counts of one agent since it began. They never fall within an epoch; an agent that starts anew, or with other rules, has another
/// epoch and begins at 0. Not thread-safe.
class VerdictCounts {
 public:
  struct Component {
    std::string name;
    std::uint64_t rules_hash = 0;
  };
  VerdictCounts(std::string epoch, const std::vector<Component>& components);

  /// A request is to be compared. REQUIRES: component is one of the constructor's, by its place.
  void AddEligible(std::size_t component);
  /// Its verdict. REQUIRES: AddEligible was called for it; the reason fits the verdict.
  void Add(std::size_t component, Verdict verdict, Reason reason);
  /// The verdict of Add(…, kDiffers, …) that was just counted is noise.
  void AddHidden(std::size_t component);
  /// The verdict of Add(…, kDropped, kBreakerOpen) that was just counted is for the target's sake.
  void AddTargetUnasked(std::size_t component);

  [[nodiscard]] const std::vector<ComponentCounts>& components() const { return components_; }
  /// {"epoch": …, "components": [{"name", "rulesHash", "eligible", "verdicts": {…}, "dropped": {…}, "uncomparable": {…}, "hidden",
  /// "targetUnasked"}]}: every verdict is there, zeros too.
  [[nodiscard]] nlohmann::json ToJson() const;

 private:
  std::string epoch_;
  std::vector<ComponentCounts> components_;
};

}  // namespace softmig::compare
