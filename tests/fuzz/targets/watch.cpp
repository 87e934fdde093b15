#include <optional>
#include <utility>
#include <vector>

#include "fuzz/targets/require.hpp"
#include "kube/client/watch_decoder.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::fuzz {
namespace {

/// What a stream gave: the events, and what broke it.
struct Outcome {
  std::vector<std::pair<kube::WatchEventType, std::string>> events;
  std::optional<std::string> broken;
  bool operator==(const Outcome&) const = default;
};

/// Feeds a stream to one decoder.
class Reader {
 public:
  explicit Reader(std::size_t max_line) : decoder_(max_line) {}

  /// False after an error.
  bool Feed(std::string_view chunk) {
    const auto fed = decoder_.Feed(chunk, [this](kube::WatchEventType type, const nlohmann::json& object) {
      Require(object.is_object(), "an event has an object");
      outcome_.events.emplace_back(type, kube::DumpJson(object));
    });
    if (fed) return true;
    Require(fed.error().code == base::ErrorCode::kInvalid, "what is no watch event is Invalid");
    Require(IsUtf8(fed.error().message) && !HasControlBytes(fed.error().message), "the error is one line of text");
    outcome_.broken = fed.error().message;
    return false;
  }
  /// After an error nothing more is accepted, be it ever so good.
  Outcome Take() {
    if (!outcome_.broken) return std::move(outcome_);
    const auto more = decoder_.Feed("{\"type\":\"ADDED\",\"object\":{}}\n",
                                    [](kube::WatchEventType, const nlohmann::json&) { Require(false, "a broken decoder gives no event"); });
    Require(!more, "a broken decoder stays broken");
    return std::move(outcome_);
  }

 private:
  kube::WatchDecoder decoder_;
  Outcome outcome_;
};

/// Chunk lengths in turn; all 0 counts as all 1, so that the stream ends.
Outcome ReadInChunks(std::string_view stream, std::string_view lengths, std::size_t max_line) {
  Reader reader(max_line);
  const bool none = lengths.find_first_not_of('0') == std::string_view::npos;
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const std::size_t length = none ? 1 : static_cast<unsigned char>(lengths[i % lengths.size()] - '0');
    if (!reader.Feed(stream.substr(0, length))) break;
    stream.remove_prefix(std::min(length, stream.size()));
  }
  return reader.Take();
}

Outcome ReadAtOnce(std::string_view stream, std::size_t max_line) {
  Reader reader(max_line);
  reader.Feed(stream);
  return reader.Take();
}

/// Every line by a decoder of its own: no line depends on another.
Outcome ReadLineByLine(std::string_view stream, std::size_t max_line) {
  Outcome all;
  while (!stream.empty() && !all.broken) {
    const bool complete = stream.find('\n') != std::string_view::npos;
    const std::string line = std::string(TakeLine(stream)) + (complete ? "\n" : "");
    Outcome one = ReadAtOnce(line, max_line);
    Require(one.events.size() <= 1, "a line holds at most one event");
    for (auto& event : one.events) all.events.push_back(std::move(event));
    all.broken = std::move(one.broken);
  }
  return all;
}

}  // namespace

int FuzzWatch(Bytes data) {
  std::string_view stream = TextOf(data);
  const std::string_view lengths = TakeLine(stream);
  for (const std::size_t max_line : {std::size_t{48}, std::size_t{8} << 20U}) {
    const Outcome whole = ReadAtOnce(stream, max_line);
    Require(ReadInChunks(stream, lengths, max_line) == whole, "the events do not depend on the cuts");
    Require(ReadInChunks(stream, "", max_line) == whole, "the events do not depend on the cuts, byte by byte");
    Require(ReadLineByLine(stream, max_line) == whole, "a line is read by itself");
  }
  return 0;
}

}  // namespace softmig::fuzz
