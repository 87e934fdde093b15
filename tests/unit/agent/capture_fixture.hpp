#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/capture/capture.hpp"
#include "agent/capture/watch_plan.hpp"
#include "compare/compare_spec.hpp"
#include "compare/rule_set.hpp"

namespace softmig::agent::testing {

using Want = Capture::Want;
using Pairs = std::vector<std::pair<std::string, std::string>>;

inline WatchedComponent MakeComponent(const std::string& name, std::vector<std::string> routes = {}) {
  return {name, std::move(routes), *compare::RuleSet::Make(compare::CompareSpec(), name)};
}

inline WatchPlan OneComponent() { return {{MakeComponent("all")}, {}, {"target"}}; }

/// Views of the pairs, which must outlive them.
inline std::vector<HeaderField> FieldsOf(const Pairs& pairs) {
  std::vector<HeaderField> fields;
  for (const auto& [name, value] : pairs) fields.push_back({name, value});
  return fields;
}

inline Pairs Get(const std::string& target = "/payments/1") {
  return {{":method", "GET"}, {":path", target}, {":authority", "pay.example.com"}, {":scheme", "http"}, {"accept", "application/json"}};
}
inline Pairs Ok() { return {{":status", "200"}, {"content-type", "application/json"}, {"set-cookie", "secret=1"}}; }

/// A capture that is told messages in few words.
class Told {
 public:
  explicit Told(const WatchPlan& plan, MemoryBudget& budget, const CaptureLimits& limits = Limits()) : capture_(plan, limits, budget) {}

  Want Request(const Pairs& headers, bool is_end = true, const Origin& origin = {}) {
    return capture_.RequestHeaders(FieldsOf(headers), is_end, origin);
  }
  Want Response(const Pairs& headers, bool is_end = false) { return capture_.ResponseHeaders(FieldsOf(headers), is_end); }
  Want Trailers(const Pairs& trailers) { return capture_.ResponseTrailers(FieldsOf(trailers)); }
  Capture& capture() { return capture_; }
  /// What became of it once the stream is over.
  CaptureEnd End() {
    capture_.Stop(compare::Reason::kIncomplete);
    return capture_.Take();
  }

  static const CaptureLimits& Limits() {
    static const CaptureLimits kLimits;
    return kLimits;
  }

 private:
  Capture capture_;
};

}  // namespace softmig::agent::testing
