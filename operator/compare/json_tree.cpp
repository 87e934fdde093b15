#include "compare/json_tree.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "compare/decimal.hpp"

namespace softmig::compare {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// With more values than this the memory is given back at the next text that is small.
constexpr std::size_t kKeptNodes = std::size_t{1} << 15U;

bool IsSpace(char c) { return static_cast<unsigned char>(c) <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r'); }

}  // namespace

/// simdjson's first stage finds where each bracket, comma, colon and value begins, and checks UTF-8, control characters and the ends of
/// strings, at some gigabytes a second. Its two ways to go on do not do: the DOM makes doubles of numbers, and the on-demand iterators took
/// twice as long as the DOM does (measured). So the grammar is read here, from the first stage's list of places. That interface is
/// simdjson's inner one: another version may want changes here, and nowhere else.
class JsonTree::Reader {
 public:
  Problem Parse(std::string_view text) {
    used_ = 0;
    problem_ = Problem::kSyntax;
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (text.size() > UINT32_MAX / 2) return Problem::kTooComplex;
    if (Prepare(text) && FindPlaces() && Read()) return Problem::kNone;
    used_ = 0;
    return problem_;
  }

  [[nodiscard]] const JsonNode& root() const {
    SM_ASSERT(used_ > 0);
    return nodes_.front();
  }

 private:
  /// The text with room behind it: simdjson reads and writes whole registers.
  bool Prepare(std::string_view text) {
    if (nodes_.size() > kKeptNodes && text.size() < kKeptNodes) {
      text_ = std::string();
      nodes_ = std::vector<JsonNode>();
      strings_ = std::vector<std::uint8_t>();
      stage_.reset();
    }
    text_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    text_.assign(text);
    has_escapes_ = text_.find('\\') != std::string::npos;
    if (has_escapes_) strings_.resize(text_.size() + simdjson::SIMDJSON_PADDING);
    strings_end_ = strings_.data();
    if (!stage_)
      return simdjson::get_active_implementation()->create_dom_parser_implementation(text.size(), 1, stage_) == simdjson::SUCCESS;
    return stage_->capacity() >= text.size() || stage_->set_capacity(text.size()) == simdjson::SUCCESS;
  }

  bool FindPlaces() {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text_.data());
    return stage_->stage1(bytes, text_.size(), simdjson::stage1_mode::regular) == simdjson::SUCCESS;
  }

  /// Goes from one place to the next. Behind the last one is the text's end, where std::string has a zero.
  struct Cursor {
    const char* text = nullptr;
    const std::uint32_t* place = nullptr;

    [[nodiscard]] char Next() const { return text[*place]; }

    bool Take(char wanted) {
      if (Next() != wanted) return false;
      ++place;
      return true;
    }

    /// From the next place, which is taken and no space, to the one after it.
    std::string_view TakeToken() {
      const char* const from = text + place[0];
      const char* to = text + place[1];
      ++place;
      while (IsSpace(to[-1])) --to;
      return {from, static_cast<std::size_t>(to - from)};
    }
  };

  /// A loop over all values, with what it goes by in registers: a comparison spends most of its time here.
  bool Read() {
    Cursor cursor{text_.data(), stage_->structural_indexes.get()};
    const std::uint32_t* const end = cursor.place + stage_->n_structural_indexes;
    const std::size_t most = std::min<std::size_t>(stage_->n_structural_indexes, kMostNodes);  // every value has a place
    if (nodes_.size() < most) nodes_.resize(most);
    JsonNode* free = nodes_.data();
    std::array<JsonNode*, kMostDepth> open;  // lists and objects that have not ended yet
    std::size_t depth = 0;
    std::string_view name;
    while (cursor.place != end) {
      if (free == nodes_.data() + kMostNodes || depth == kMostDepth) {
        problem_ = Problem::kTooComplex;
        return false;
      }
      JsonNode& node = *free++;
      if (depth > 0) ++open[depth - 1]->members;
      if (const ValueKind kind = ContainerKind(cursor.Next()); kind != ValueKind::kAbsent) {
        Set(node, name, kind, {});
        node.text = cursor.text + *cursor.place++;
        open[depth++] = &node;
        if (cursor.Next() != EndOf(node)) {
          if (!ReadName(cursor, node, name)) return false;
          continue;
        }
      } else if (!ReadScalar(cursor, name, node)) {
        return false;
      }
      for (; depth > 0 && cursor.Take(EndOf(*open[depth - 1])); --depth) {
        JsonNode& ended = *open[depth - 1];
        ended.size = static_cast<std::uint32_t>(cursor.text + cursor.place[-1] + 1 - ended.text);
        ended.span = static_cast<std::uint32_t>(free - &ended);
      }
      if (depth == 0) {
        used_ = static_cast<std::size_t>(free - nodes_.data());
        return cursor.place == end;
      }
      if (!cursor.Take(',') || !ReadName(cursor, *open[depth - 1], name)) return false;
    }
    return false;
  }

  static ValueKind ContainerKind(char first) {
    if (first == '{') return ValueKind::kObject;
    return first == '[' ? ValueKind::kArray : ValueKind::kAbsent;
  }

  static char EndOf(const JsonNode& container) { return container.kind == ValueKind::kObject ? '}' : ']'; }

  /// Member by member: as a whole it would be made elsewhere and copied.
  static void Set(JsonNode& node, std::string_view name, ValueKind kind, std::string_view text) {
    node.text = text.data();
    node.key = name.data();
    node.size = static_cast<std::uint32_t>(text.size());
    node.key_size = static_cast<std::uint32_t>(name.size());
    node.span = 1;
    node.members = 0;
    node.kind = kind;
    node.is_plain = false;
  }

  // The three readers below are inlined by order: only so does the cursor stay in registers, which takes a third off.

  /// Of the next member; elements of a list have none.
  [[gnu::always_inline]] bool ReadName(Cursor& cursor, const JsonNode& holder, std::string_view& name) {
    name = {};
    return holder.kind == ValueKind::kArray || (cursor.Next() == '"' && ReadString(cursor, name) && cursor.Take(':'));
  }

  [[gnu::always_inline]] bool ReadScalar(Cursor& cursor, std::string_view name, JsonNode& node) {
    if (cursor.Next() != '"') return ReadWord(cursor.TakeToken(), name, node);
    std::string_view text;
    if (!ReadString(cursor, text)) return false;
    Set(node, name, ValueKind::kString, text);
    return true;
  }

  /// REQUIRES: a quote is next.
  [[gnu::always_inline]] bool ReadString(Cursor& cursor, std::string_view& text) {
    const std::string_view token = cursor.TakeToken();
    if (token.size() < 2 || token.back() != '"') return false;
    text = token.substr(1, token.size() - 2);
    return !has_escapes_ || std::memchr(text.data(), '\\', text.size()) == nullptr || Unescape(text);
  }

  [[gnu::noinline]] bool Unescape(std::string_view& text) {
    std::uint8_t* const from = strings_end_;
    strings_end_ = stage_->parse_string(reinterpret_cast<const std::uint8_t*>(text.data()), from);
    if (strings_end_ == nullptr) return false;
    text = {reinterpret_cast<const char*>(from), static_cast<std::size_t>(strings_end_ - from)};
    return true;
  }

  static bool ReadWord(std::string_view token, std::string_view name, JsonNode& node) {
    const NumberForm form = FormOf(token);
    Set(node, name, ValueKind::kNumber, token);
    node.is_plain = form == NumberForm::kPlain;
    if (form != NumberForm::kNone) return true;
    node.kind = token == "null" ? ValueKind::kNull : ValueKind::kBool;
    return token == "null" || token == "true" || token == "false";
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  std::string text_;
  bool has_escapes_ = false;           // somewhere
  std::vector<std::uint8_t> strings_;  // those that were escaped
  std::uint8_t* strings_end_ = nullptr;
  std::vector<JsonNode> nodes_;  // only grows: to make them is dear
  std::size_t used_ = 0;
  Problem problem_ = Problem::kNone;
};

JsonTree::JsonTree() : reader_(std::make_unique<Reader>()) {}
JsonTree::~JsonTree() = default;

JsonTree::Problem JsonTree::Parse(std::string_view text) { return reader_->Parse(text); }
const JsonNode& JsonTree::root() const { return reader_->root(); }

}  // namespace softmig::compare
