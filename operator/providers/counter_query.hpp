#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace softmig::providers {

/// Why a PromQL (or MetricsQL) query is no cumulative counter, and what to write instead, in one line; nothing where no reason is found.
///
/// Counts are differences between polls of something that only grows. rate(), increase() and everything else over a range `[…]` gives no
/// such thing: windows that overlap count a request several times, what is extrapolated is no whole number, and the first increment of a
/// series is lost. Averages, extremes and numbers of series do not grow with requests either, and topk() leaves series out at one poll
/// that it has at the next. Sums, arithmetic and `or vector(0)` are fine.
///
/// Reads tokens, not the language: what the server would refuse anyway may pass. Strings, comments, label matchers and names of metrics
/// and labels are never taken for functions. Linear. Placeholders may still be in the query.
std::optional<std::string> NotACounter(std::string_view promql);

}  // namespace softmig::providers
