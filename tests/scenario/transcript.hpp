#pragma once

#include <string>

#include "scenario/world.hpp"

namespace softmig::scenario {

/// What one pass recorded or did, one or more lines. Nothing where it was quiet.
std::string DescribePass(const World& before, const decide::Decision& decision, WallTime start);
std::string DescribeConditions(const model::Status& status);
std::string DescribeWorld(const World& world);

}  // namespace softmig::scenario
