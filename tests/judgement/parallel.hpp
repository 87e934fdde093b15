#pragma once

#include <functional>

namespace softmig::judgement {

/// Calls body(0) … body(runs-1), two at a time on two threads. The order is not defined; body must not share what it changes. Returns when
/// all are done.
void ForEachRun(int runs, const std::function<void(int)>& body);

}  // namespace softmig::judgement
