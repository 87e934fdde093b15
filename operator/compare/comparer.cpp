#include "compare/comparer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "compare/decode.hpp"
#include "model/text_rules.hpp"

namespace softmig::compare {
namespace {

constexpr std::size_t kMostNewIds = 4096;
constexpr std::string_view kContentType = "content-type";
constexpr std::string_view kContentEncoding = "content-encoding";
constexpr std::string_view kGrpcStatus = "grpc-status";

/// The first value; an empty view without data where the header is not there. Captured names are in lower case, so this need not look
/// twice.
std::string_view ValueOf(const http::Headers& headers, std::string_view name) {
  const auto header = std::ranges::find(headers, name, &http::Headers::value_type::first);
  return header == headers.end() ? std::string_view() : std::string_view(header->second);
}

/// All values of a header as one, as HTTP allows it; nothing where it is not there.
std::optional<std::string> Joined(const http::Headers& headers, std::string_view name) {
  std::optional<std::string> joined;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

/// Also "Application/JSON; charset=utf-8" and "application/problem+json".
bool IsJson(const Answer& answer) {
  std::string_view text = ValueOf(answer.headers, kContentType);
  text = text.substr(0, text.find(';'));
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text == "application/json") return true;
  const std::string type = model::LowerAscii(std::string(text));
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

bool IsGrpc(const Answer& answer) { return ValueOf(answer.headers, kContentType).starts_with("application/grpc"); }

/// In the trailers, or in the headers of an answer that has nothing else.
std::string_view GrpcStatus(const Answer& answer) {
  const std::string_view status = ValueOf(answer.trailers, kGrpcStatus);
  return status.data() != nullptr ? status : ValueOf(answer.headers, kGrpcStatus);
}

/// The whole answer, byte by byte: most answers of a good target.
bool IsSame(const Answer& legacy, const Answer& target) {
  return legacy.status == target.status && legacy.headers == target.headers && legacy.trailers == target.trailers && !legacy.truncated &&
         !target.truncated && legacy.body == target.body;
}

Outcome WithoutAnswers(const Exchange& exchange, Outcome outcome) {
  if (const auto* failure = std::get_if<Failure>(&exchange.legacy)) {
    outcome.verdict = Verdict::kUncomparable;
    outcome.reason = *failure == Failure::kTimeout ? Reason::kLegacyTimeout : Reason::kLegacyError;
  } else {
    outcome.verdict = std::get<Failure>(exchange.target) == Failure::kTimeout ? Verdict::kTargetTimeout : Verdict::kTargetError;
  }
  return outcome;
}

void Uncomparable(Reason reason, std::optional<Side> side, Outcome& outcome) {
  outcome.verdict = Verdict::kUncomparable;
  outcome.reason = reason;
  outcome.side = side;
}

std::string FieldName(Path::Root root, std::string_view name) {
  if (root == Path::Root::kStatus) return "status";
  return std::string(root == Path::Root::kHeader ? "header:" : "trailer:").append(name);
}

}  // namespace

Comparer::Comparer(std::shared_ptr<const RuleSet> rules, const ComparerLimits& limits)
    : rules_(std::move(rules)), limits_(limits), new_ids_(kMostNewIds), walk_(*rules_) {}

Outcome Comparer::Compare(const Exchange& exchange, const IdMaps& known) {
  Outcome outcome;
  outcome.rules_hash = rules_->hash();
  const auto* legacy = std::get_if<Answer>(&exchange.legacy);
  const auto* target = std::get_if<Answer>(&exchange.target);
  if (legacy == nullptr || target == nullptr) return WithoutAnswers(exchange, std::move(outcome));
  if (IsSame(*legacy, *target)) return outcome;
  known_ = &known;
  excused_ = false;
  if (new_ids_.size() > 0) new_ids_.Clear();
  header_texts_.clear();
  if (CompareStatus(*legacy, *target, outcome) || CompareGrpcStatus(*legacy, *target, outcome)) {
    outcome.verdict = Verdict::kStatusDiffers;
    return outcome;
  }
  CompareHeaders(*legacy, *target, outcome);
  CompareBodies(*legacy, *target, outcome);
  // What differs does so whatever cannot be read besides.
  if (!outcome.fields.empty() || outcome.more_fields) {
    outcome.verdict = Verdict::kDiffers;
    outcome.reason = Reason::kNone;
    outcome.side.reset();
  } else if (outcome.verdict == Verdict::kEqual && excused_) {
    outcome.verdict = Verdict::kEqualAfterRules;
  }
  return outcome;
}

/// The values are of headers and such: an empty view without data stands for none.
bool Comparer::Differ(Path::Root root, std::string_view name, const std::array<std::string_view, 2>& values, Outcome& outcome) {
  const auto value_of = [](std::string_view text) { return text.data() == nullptr ? Value() : Value{ValueKind::kString, text}; };
  const Value legacy = value_of(values[0]);
  const Value target = value_of(values[1]);
  if (rules_->Allows(rules_->ForField(root, name), legacy, target, {known_, &new_ids_, false})) {
    excused_ = true;
    return false;
  }
  outcome.fields.push_back({FieldName(root, name), legacy, target, 1, rules_->IsCritical(root, name), rules_->IsShown(root, name)});
  return true;
}

bool Comparer::CompareStatus(const Answer& legacy, const Answer& target, Outcome& outcome) {
  if (legacy.status == target.status) return false;
  status_texts_ = {std::to_string(legacy.status), std::to_string(target.status)};
  return Differ(Path::Root::kStatus, "", {status_texts_[0], status_texts_[1]}, outcome);
}

bool Comparer::CompareGrpcStatus(const Answer& legacy, const Answer& target, Outcome& outcome) {
  if (!IsGrpc(legacy) || !IsGrpc(target)) return false;
  const std::string_view left = GrpcStatus(legacy);
  const std::string_view right = GrpcStatus(target);
  return left != right && Differ(Path::Root::kTrailer, kGrpcStatus, {left, right}, outcome);
}

void Comparer::CompareHeaders(const Answer& legacy, const Answer& target, Outcome& outcome) {
  const auto compare = [&](Path::Root root, const http::Headers& left, const http::Headers& right) {
    if (left == right) return;
    for (const std::string& name : rules_->headers()) {
      auto values = std::array{Joined(left, name), Joined(right, name)};
      if (values[0] == values[1]) continue;
      header_texts_.push_back({values[0].value_or(""), values[1].value_or("")});
      const auto text = [&](std::size_t side) { return values[side] ? std::string_view(header_texts_.back()[side]) : std::string_view(); };
      Differ(root, name, {text(0), text(1)}, outcome);
    }
  };
  header_texts_.reserve(2 * rules_->headers().size());  // views of its texts are given away
  compare(Path::Root::kHeader, legacy.headers, target.headers);
  compare(Path::Root::kTrailer, legacy.trailers, target.trailers);
}

void Comparer::CompareBodies(const Answer& legacy, const Answer& target, Outcome& outcome) {
  const bool is_whole = !legacy.truncated && !target.truncated;
  if (is_whole && legacy.body == target.body && ValueOf(legacy.headers, kContentEncoding) == ValueOf(target.headers, kContentEncoding))
    return;
  if (rules_->Ignores(rules_->ForBody({}))) {
    excused_ = true;
  } else if (!is_whole) {
    Uncomparable(Reason::kTruncated, legacy.truncated ? Side::kLegacy : Side::kTarget, outcome);
  } else {
    CompareContents(legacy, target, outcome);
  }
}

void Comparer::CompareContents(const Answer& legacy, const Answer& target, Outcome& outcome) {
  std::array<Decoded, 2> bodies;
  for (const Side side : {Side::kLegacy, Side::kTarget}) {
    const auto at = static_cast<std::size_t>(side);
    const Answer& answer = side == Side::kLegacy ? legacy : target;
    bodies[at] = Decode(ValueOf(answer.headers, kContentEncoding), answer.body, limits_.most_body_bytes, decoded_[at]);
    if (bodies[at].reason != Reason::kNone) return Uncomparable(bodies[at].reason, side, outcome);
  }
  const auto [left, right] = std::pair(bodies[0].text, bodies[1].text);
  if (left == right) return;
  if (!IsJson(legacy) || !IsJson(target) || left.empty() || right.empty()) {
    DifferAsWhole(left, right, outcome);
  } else {
    CompareJson(left, right, outcome);
  }
}

/// A body is missing, or is none whose fields could be told apart.
void Comparer::DifferAsWhole(std::string_view legacy, std::string_view target, Outcome& outcome) {
  const auto value_of = [](std::string_view body) { return body.empty() ? Value() : Value{ValueKind::kBytes, body}; };
  outcome.fields.push_back({"$", value_of(legacy), value_of(target), 1, rules_->IsCritical({}), rules_->IsShown({})});
}

void Comparer::CompareJson(std::string_view legacy, std::string_view target, Outcome& outcome) {
  const std::array texts{legacy, target};
  for (const Side side : {Side::kLegacy, Side::kTarget}) {
    const auto at = static_cast<std::size_t>(side);
    const JsonTree::Problem problem = trees_[at].Parse(texts[at]);
    if (problem == JsonTree::Problem::kTooComplex) return Uncomparable(Reason::kTooComplex, side, outcome);
    if (problem == JsonTree::Problem::kSyntax) return Uncomparable(Reason::kParse, side, outcome);
  }
  const WalkResult result = walk_.Run(trees_[0].root(), trees_[1].root(), {known_, &new_ids_, false});
  if (result.too_complex) Uncomparable(Reason::kTooComplex, std::nullopt, outcome);
  if (result.differs) walk_.fields().AppendTo(*rules_, outcome);
  outcome.more_fields = outcome.more_fields || (result.differs && result.too_complex);
  excused_ = excused_ || result.excused;
}

}  // namespace softmig::compare
