#pragma once

#include <algorithm>
#include <string>

#include "model/status.hpp"

namespace softmig::model {

/// What the checkpoint keeps of one metric of one component; null: nothing. Lives as long as the checkpoint.
inline const EvidenceRecord* FindRecord(const Checkpoint& checkpoint, const std::string& component, const std::string& metric) {
  const auto it = std::ranges::find_if(
      checkpoint.records, [&](const EvidenceRecord& record) { return record.component == component && record.metric == metric; });
  return it == checkpoint.records.end() ? nullptr : &*it;
}

}  // namespace softmig::model
