#include "base/clock.hpp"

namespace softmig::base {

WallTime SystemClock::WallNow() const { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

SteadyTime SystemClock::SteadyNow() const { return std::chrono::steady_clock::now(); }

}  // namespace softmig::base
