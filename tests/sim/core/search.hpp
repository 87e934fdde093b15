#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/core/simulation.hpp"

namespace softmig::simulator {

struct SearchResult {
  std::uint64_t schedules = 0;
  std::uint64_t events = 0;
  std::optional<Violation> violation;
  std::string world;     ///< in which it happened
  std::string schedule;  ///< "12:3 17:1": choice 3 at the 12th decision, choice 1 at the 17th, the ordinary way elsewhere
};

/// Instead of chance: in a few small worlds, every way to deviate from the ordinary course in up to `depth` places near a change of phase
/// or weight. A place is the order of two or three events that are due within three milliseconds of each other, or what becomes of a
/// write (answered, carried out and not answered, refused with a conflict, not delivered, its sender dies before or after it). Ends with
/// the first violation, or after `most` schedules.
SearchResult Search(int depth, std::uint64_t most, StackPool& stacks);

}  // namespace softmig::simulator
