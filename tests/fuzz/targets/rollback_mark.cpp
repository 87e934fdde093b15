#include "decide/decide.hpp"
#include "fuzz/targets/require.hpp"

namespace softmig::fuzz {

int FuzzRollbackMark(Bytes data) {
  const std::string_view manager = TextOf(data);
  const auto mark = decide::ReadFieldManager(manager);
  if (!mark) return 0;
  Require(manager.starts_with("softmigration-rollback/"), "only our own marks are read");
  Require(!mark->reason.empty(), "a mark says why");
  Require(!mark->whose || !mark->whose->components.empty(), "a mark that names somebody names whom");
  const std::string written = decide::ToFieldManager(*mark);
  Require(written.size() <= 128, "the API takes 128 bytes");
  const auto again = decide::ReadFieldManager(written);
  Require(again.has_value(), "what we write we can read: " + written);
  Require(again->attempt == mark->attempt, "the attempt survives the cut");
  const bool whole = written.size() < 128;
  Require(!whole || *again == *mark, "a mark that fits comes back as it was");
  return 0;
}

}  // namespace softmig::fuzz
