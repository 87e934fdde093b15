#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compare/answer.hpp"
#include "compare/id_maps.hpp"
#include "compare/json_tree.hpp"
#include "compare/json_walk.hpp"
#include "compare/rule_set.hpp"
#include "compare/verdict.hpp"

namespace softmig::compare {

struct ComparerLimits {
  std::size_t most_body_bytes = std::size_t{1} << 20U;  ///< of each body once it is decoded; a longer one is kTooLarge
};

/// Says what became of one exchange: status, then headers, then the body. Bodies that are the same byte by byte are not parsed. Memory and
/// time are bounded whatever the bodies hold. Keeps its memory from one call to the next: one for each worker thread, not thread-safe.
class Comparer {
 public:
  /// REQUIRES: rules is not null.
  Comparer(std::shared_ptr<const RuleSet> rules, const ComparerLimits& limits);

  /// `known`: ids learned from other exchanges. Headers and trailers have names in lower case. The outcome's values are views of the
  /// exchange and of this comparer, until its next Compare.
  Outcome Compare(const Exchange& exchange, const IdMaps& known);
  /// Ids that the last exchange showed. To be learned where its verdict is kEqualAfterRules; otherwise it may have been another answer.
  [[nodiscard]] const IdMaps& new_ids() const { return new_ids_; }

 private:
  /// Returns whether a difference was found that no rule allows.
  bool CompareStatus(const Answer& legacy, const Answer& target, Outcome& outcome);
  bool CompareGrpcStatus(const Answer& legacy, const Answer& target, Outcome& outcome);
  void CompareHeaders(const Answer& legacy, const Answer& target, Outcome& outcome);
  void CompareBodies(const Answer& legacy, const Answer& target, Outcome& outcome);
  void CompareContents(const Answer& legacy, const Answer& target, Outcome& outcome);
  void CompareJson(std::string_view legacy, std::string_view target, Outcome& outcome);
  bool Differ(Path::Root root, std::string_view name, const std::array<std::string_view, 2>& values, Outcome& outcome);
  void DifferAsWhole(std::string_view legacy, std::string_view target, Outcome& outcome);

  std::shared_ptr<const RuleSet> rules_;
  ComparerLimits limits_;
  IdMaps new_ids_;
  const IdMaps* known_ = nullptr;
  bool excused_ = false;
  std::array<std::string, 2> decoded_;  // legacy's, the target's
  std::array<JsonTree, 2> trees_;
  JsonWalk walk_;
  std::array<std::string, 2> status_texts_;
  std::vector<std::array<std::string, 2>> header_texts_;
};

}  // namespace softmig::compare
