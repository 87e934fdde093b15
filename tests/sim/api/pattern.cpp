#include "sim/api/pattern.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace softmig::sim {

/// Reads an expression from its end to its beginning of meaning: each part is told where to go on afterwards, so that no link is patched
/// later. A repeated part is read again for each copy.
class PatternReader {
 public:
  PatternReader(std::string_view text, std::vector<Pattern::State>& states) : text_(text), states_(states) {}

  std::size_t Read() {
    std::size_t at = 0;
    const std::size_t start = Alternatives(at, Add({Pattern::Step::kDone, 0, 0, {}}));
    if (at != text_.size()) Refuse();
    return start;
  }

 private:
  using Bytes = std::bitset<256>;
  struct Repeat {
    std::size_t least = 1;
    std::size_t most = 1;  ///< kEndless: no end
    std::size_t end = 0;   ///< behind the part and its sign
  };
  static constexpr std::size_t kEndless = 1'000'000;

  [[noreturn]] void Refuse() const {
    std::fprintf(stderr, "the fake API server cannot read the pattern %s\n", std::string(text_).c_str());
    std::abort();
  }

  std::size_t Add(Pattern::State state) {
    states_.push_back(state);
    return states_.size() - 1;
  }
  [[nodiscard]] bool Is(std::size_t at, char c) const { return at < text_.size() && text_[at] == c; }

  std::size_t Alternatives(std::size_t& at, std::size_t next) {
    std::size_t start = Sequence(at, next);
    while (Is(at, '|')) {
      ++at;
      start = Add({Pattern::Step::kSplit, start, Sequence(at, next), {}});
    }
    return start;
  }

  /// The parts are found from left to right and linked from right to left.
  std::size_t Sequence(std::size_t& at, std::size_t next) {
    std::vector<std::size_t> parts;
    while (at < text_.size() && text_[at] != '|' && text_[at] != ')') {
      parts.push_back(at);
      at = Measure(at).end;
    }
    while (!parts.empty()) {
      next = Repeated(parts.back(), next);
      parts.pop_back();
    }
    return next;
  }

  std::size_t Repeated(std::size_t part, std::size_t next) {
    const Repeat repeat = Measure(part);
    if (repeat.most == kEndless) {
      const std::size_t loop = Add({Pattern::Step::kSplit, 0, next, {}});
      const std::size_t body = Part(part, loop);
      states_[loop].next = body;
      next = loop;
    } else {
      const std::size_t behind = next;
      for (std::size_t i = repeat.least; i < repeat.most; ++i) next = Add({Pattern::Step::kSplit, Part(part, next), behind, {}});
    }
    for (std::size_t i = 0; i < repeat.least; ++i) next = Part(part, next);
    return next;
  }

  /// How often the part at `at` comes, and where it ends.
  Repeat Measure(std::size_t at) const {
    Repeat repeat;
    std::size_t end = EndOfPart(at);
    if (Is(end, '*') || Is(end, '+') || Is(end, '?')) {
      repeat.least = text_[end] == '+' ? 1 : 0;
      repeat.most = text_[end] == '?' ? 1 : kEndless;
      ++end;
    } else if (Is(end, '{')) {
      repeat.least = Number(++end);
      repeat.most = repeat.least;
      if (Is(end, ',')) repeat.most = Is(++end, '}') ? kEndless : Number(end);
      if (!Is(end++, '}')) Refuse();
    }
    repeat.end = end;
    return repeat;
  }

  std::size_t Number(std::size_t& at) const {
    std::size_t number = 0;
    const auto read = std::from_chars(text_.data() + at, text_.data() + text_.size(), number);
    if (read.ec != std::errc()) Refuse();
    at = static_cast<std::size_t>(read.ptr - text_.data());
    return number;
  }

  std::size_t EndOfPart(std::size_t at) const {
    if (text_[at] == '[') {
      Class(at);
      return at;
    }
    if (text_[at] == '\\') {
      Escaped(++at);
      return at;
    }
    if (text_[at] != '(') return at + 1;
    ++at;
    for (int depth = 1; depth > 0;) {
      if (at >= text_.size()) Refuse();
      if (text_[at] == '(') ++depth;
      if (text_[at] == ')') --depth;
      if (text_[at] == '[' || text_[at] == '\\') {
        at = EndOfPart(at);
      } else {
        ++at;
      }
    }
    return at;
  }

  /// One part without its repetition.
  std::size_t Part(std::size_t at, std::size_t next) {
    switch (text_[at]) {
      case '(': {
        ++at;
        if (text_.substr(at).starts_with("?:")) at += 2;
        return Alternatives(at, next);
      }
      case '^': return Add({Pattern::Step::kBegin, next, 0, {}});
      case '$': return Add({Pattern::Step::kEnd, next, 0, {}});
      default: return Add({Pattern::Step::kByte, next, 0, BytesAt(at)});
    }
  }

  Bytes BytesAt(std::size_t at) const {
    if (text_[at] == '[') return Class(at);
    Bytes bytes;
    if (text_[at] == '.') return bytes.set().reset('\n');
    bytes.set(text_[at] == '\\' ? Escaped(++at) : static_cast<unsigned char>(text_[at]));
    return bytes;
  }

  /// Behind a backslash: "x60" or a sign for itself.
  unsigned char Escaped(std::size_t& at) const {
    if (at >= text_.size()) Refuse();
    const char c = text_[at++];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter) return static_cast<unsigned char>(c);
    unsigned code = 0;
    if (c != 'x' || at + 2 > text_.size()) Refuse();
    const auto read = std::from_chars(text_.data() + at, text_.data() + at + 2, code, 16);
    if (read.ec != std::errc()) Refuse();
    at += 2;
    return static_cast<unsigned char>(code);
  }

  Bytes Class(std::size_t& at) const {
    Bytes bytes;
    const bool negated = Is(++at, '^');
    if (negated) ++at;
    for (bool first = true; first || !Is(at, ']'); first = false) {
      const unsigned low = ClassByte(at);
      unsigned high = low;
      if (Is(at, '-') && at + 1 < text_.size() && text_[at + 1] != ']') high = ClassByte(++at);
      for (unsigned byte = low; byte <= high; ++byte) bytes.set(byte);
    }
    ++at;
    return negated ? ~bytes : bytes;
  }

  unsigned char ClassByte(std::size_t& at) const {
    if (at >= text_.size()) Refuse();
    if (text_[at] == '\\') return Escaped(++at);
    return static_cast<unsigned char>(text_[at++]);
  }

  const std::string_view text_;
  std::vector<Pattern::State>& states_;
};

Pattern::Pattern(std::string_view expression) { start_ = PatternReader(expression, states_).Read(); }

void Pattern::Enter(std::size_t first, bool at_begin, bool at_end, std::vector<bool>& active) const {
  std::vector<std::size_t> open = {first};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (active[at]) continue;
    active[at] = true;
    const State& state = states_[at];
    if (state.step == Step::kSplit) open.push_back(state.other);
    const bool passes = state.step == Step::kSplit || (state.step == Step::kBegin && at_begin) || (state.step == Step::kEnd && at_end);
    if (passes) open.push_back(state.next);
  }
}

bool Pattern::Finds(std::string_view text) const {
  std::vector<bool> active(states_.size());
  for (std::size_t at = 0;; ++at) {
    Enter(start_, at == 0, at == text.size(), active);
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (active[i] && states_[i].step == Step::kDone) return true;
    }
    if (at == text.size()) return false;
    std::vector<bool> next(states_.size());
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (active[i] && states_[i].step == Step::kByte && states_[i].bytes.test(static_cast<unsigned char>(text[at]))) {
        Enter(states_[i].next, false, at + 1 == text.size(), next);
      }
    }
    active = std::move(next);
  }
}

}  // namespace softmig::sim
