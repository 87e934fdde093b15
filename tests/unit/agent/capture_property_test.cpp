#include <gtest/gtest.h>  // before RapidCheck's own header, which needs it

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "capture_fixture.hpp"

namespace softmig::agent::testing {
namespace {

using rc::gen::arbitrary;
using rc::gen::inRange;

CaptureLimits SmallLimits() {
  CaptureLimits limits;
  limits.header_fields = 8;
  limits.header_bytes = 2'000;
  limits.request_body = 300;
  limits.response_body = 1'000;
  return limits;
}

Pairs AnyHeaders(Pairs first) {
  const int count = *inRange(0, 10);
  for (int i = 0; i < count; ++i) first.emplace_back(*arbitrary<bool>() ? "content-type" : "x-a", std::string(*inRange(0, 400), 'v'));
  return first;
}

Want AnyMessage(Told& told) {
  const bool is_end = *inRange(0, 4) == 0;
  switch (*inRange(0, 6)) {
    case 0: return told.Request(AnyHeaders(Get()), is_end);
    case 1: return told.capture().RequestBody(std::string(*inRange(0, 200), 'q'), is_end);
    case 2: return told.Response(AnyHeaders(Ok()), is_end);
    case 3: return told.capture().ResponseBody(std::string(*inRange(0, 800), 'a'), is_end);
    case 4: return told.Trailers(AnyHeaders({}));
    default: return told.capture().RequestTrailers();
  }
}

RC_GTEST_PROP(CaptureProperty, AnyMessagesInAnyOrderKeepTheBounds, ()) {
  const WatchPlan plan = OneComponent();
  const CaptureLimits limits = SmallLimits();
  MemoryBudget budget(static_cast<std::size_t>(*inRange(500, 20'000)));
  {
    Told told(plan, budget, limits);
    if (*inRange(0, 4) != 0) told.Request(AnyHeaders(Get()), *arbitrary<bool>());
    const int count = *inRange(0, 20);
    bool was_over = false;
    for (int i = 0; i < count; ++i) {
      const bool is_over = AnyMessage(told) == Want::kNothing;
      RC_ASSERT(is_over || !was_over);
      RC_ASSERT(budget.used() <= budget.limit());
      was_over = is_over;
    }
    const bool was_eligible = told.capture().eligible().has_value();
    const CaptureEnd end = told.End();
    RC_ASSERT(std::holds_alternative<Skip>(end) == !was_eligible);
    if (const auto* exchange = std::get_if<CapturedExchange>(&end)) {
      RC_ASSERT(exchange->answer.body.size() <= limits.response_body);
      RC_ASSERT(exchange->request.body.size() <= limits.request_body);
      RC_ASSERT(exchange->request.headers.size() <= limits.header_fields);
      RC_ASSERT(exchange->answer.status == 200);
    } else {
      RC_ASSERT(budget.used() == 0U);
    }
  }
  RC_ASSERT(budget.used() == 0U);
}

RC_GTEST_PROP(CaptureProperty, TheCutsOfABodyDoNotMatter, ()) {
  const WatchPlan plan = OneComponent();
  const CaptureLimits limits = SmallLimits();
  MemoryBudget budget(1U << 20U);
  const auto body = *rc::gen::container<std::string>(inRange('a', 'z'));
  Told told(plan, budget, limits);
  told.Request(Get());
  told.Response(Ok());
  std::string_view rest = body;
  while (!rest.empty()) {
    const auto length = static_cast<std::size_t>(*inRange(1, 20));
    RC_ASSERT(told.capture().ResponseBody(rest.substr(0, length), false) == Want::kMore);
    rest.remove_prefix(std::min(length, rest.size()));
  }
  RC_ASSERT(told.capture().ResponseBody("", true) == Want::kNothing);
  const CaptureEnd end = told.End();
  RC_ASSERT(std::get<CapturedExchange>(end).answer.body == body);
  RC_ASSERT(!std::get<CapturedExchange>(end).answer.truncated);
}

}  // namespace
}  // namespace softmig::agent::testing
