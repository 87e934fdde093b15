#pragma once

#include <optional>

#include "reconcile/bridge_agents.hpp"
#include "reconcile/metric_poll.hpp"

namespace softmig::reconcile {

/// What a round of answers of a bridge's agents is for one metric of one component. `now`: when it arrived.
///
/// Windows are not planned, as with a source that can be asked about the past (count_poll.hpp): they reach from one round in which all
/// ready pods answered to the next such one. What was missed is in the next window, for counts are cumulative. Nothing: the round is
/// passed over, since one that is missing now and then says nothing; for longer than StaleAfter it is a judgement without evidence. Pure.
std::optional<CountResult> TakeRound(const Poll& poll, const BridgeRound& round, base::WallTime now);

}  // namespace softmig::reconcile
