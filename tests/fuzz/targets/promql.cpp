#include "fuzz/targets/require.hpp"
#include "providers/counter_query.hpp"

namespace softmig::fuzz {

int FuzzPromql(Bytes data) {
  const std::string query(TextOf(data));
  const auto reason = providers::NotACounter(query);
  Require(!reason || (!reason->empty() && reason->size() < 320), "a reason is short");
  Require(!reason || (IsUtf8(*reason) && !HasControlBytes(*reason)), "a reason is one line of UTF-8");
  Require(providers::NotACounter("sum(" + query).has_value() == reason.has_value(), "a sum over it is as good as the query");
  Require(providers::NotACounter("# " + query.substr(0, query.find('\n')) + "\n" + query) == reason, "comments do not count");
  Require(providers::NotACounter("rate(x[1m]) or " + query).has_value(), "what follows a rate does not hide it");
  return 0;
}

}  // namespace softmig::fuzz
