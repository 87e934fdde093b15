#include "compare/verdict.hpp"

namespace softmig::compare {
namespace {

constexpr std::array<std::string_view, kVerdicts> kVerdictNames{"equal",        "equal-after-rules", "differs", "status-differs",
                                                                "target-error", "target-timeout",    "dropped", "uncomparable"};
constexpr std::array<std::string_view, kReasons> kReasonNames{
    "",      "buffer-full", "breaker-open", "over-budget", "incomplete",  "agent-stalled", "stopping",
    "parse", "encoding",    "truncated",    "too-large",   "too-complex", "legacy-error",  "legacy-timeout"};
constexpr std::array<std::string_view, 8> kKindNames{"absent", "null", "boolean", "number", "string", "list", "object", "bytes"};

}  // namespace

std::string_view Name(Verdict verdict) { return kVerdictNames[static_cast<std::size_t>(verdict)]; }
std::string_view Name(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }
std::string_view Name(ValueKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace softmig::compare
