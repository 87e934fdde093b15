#include "compare/json_tree.hpp"

#include <simdjson.h>

#include <algorithm>
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

  bool Read() {
    place_ = stage_->structural_indexes.get();
    end_ = place_ + stage_->n_structural_indexes;
    const std::size_t most = std::min<std::size_t>(stage_->n_structural_indexes, kMostNodes);  // every value has a place
    if (nodes_.size() < most) nodes_.resize(most);
    return Add({}, 1) && place_ == end_;
  }

  /// The character at the next place. After the last one comes the text's end, where std::string has a zero.
  [[nodiscard]] char Next() const { return text_.data()[*place_]; }

  bool Take(char wanted) {
    if (Next() != wanted) return false;
    ++place_;
    return true;
  }

  /// From the next place, which is taken, to the one after it.
  std::string_view TakeToken() {
    const char* const from = text_.data() + place_[0];
    const char* to = text_.data() + place_[1];
    ++place_;
    while (to != from && IsSpace(to[-1])) --to;
    return {from, static_cast<std::size_t>(to - from)};
  }

  JsonNode& Push(std::string_view key, ValueKind kind) {
    JsonNode& node = nodes_[used_++];
    node = JsonNode{nullptr, key.data(), 0, static_cast<std::uint32_t>(key.size()), 1, 0, kind, false};
    return node;
  }

  bool Add(std::string_view key, std::size_t depth) {
    if (place_ == end_) return false;
    if (used_ >= kMostNodes || depth > kMostDepth) {
      problem_ = Problem::kTooComplex;
      return false;
    }
    switch (Next()) {
      case '{': return AddContainer(key, ValueKind::kObject, depth);
      case '[': return AddContainer(key, ValueKind::kArray, depth);
      case '"': return AddString(key);
      default: return AddWord(key, TakeToken());
    }
  }

  bool AddString(std::string_view key) {
    JsonNode& node = Push(key, ValueKind::kString);
    std::string_view text;
    if (!ReadString(text)) return false;
    node.text = text.data();
    node.size = static_cast<std::uint32_t>(text.size());
    return true;
  }

  /// REQUIRES: a quote is next.
  bool ReadString(std::string_view& text) {
    const std::string_view token = TakeToken();
    if (token.size() < 2 || token.back() != '"') return false;
    text = token.substr(1, token.size() - 2);
    return !has_escapes_ || std::memchr(text.data(), '\\', text.size()) == nullptr || Unescape(text);
  }

  bool Unescape(std::string_view& text) {
    std::uint8_t* const from = strings_end_;
    strings_end_ = stage_->parse_string(reinterpret_cast<const std::uint8_t*>(text.data()), from);
    if (strings_end_ == nullptr) return false;
    text = {reinterpret_cast<const char*>(from), static_cast<std::size_t>(strings_end_ - from)};
    return true;
  }

  bool AddWord(std::string_view key, std::string_view token) {
    JsonNode& node = Push(key, ValueKind::kNumber);
    const NumberForm form = FormOf(token);
    node.is_plain = form == NumberForm::kPlain;
    if (form == NumberForm::kNone) {
      if (token != "true" && token != "false" && token != "null") return false;
      node.kind = token == "null" ? ValueKind::kNull : ValueKind::kBool;
    }
    node.text = token.data();
    node.size = static_cast<std::uint32_t>(token.size());
    return true;
  }

  bool AddContainer(std::string_view key, ValueKind kind, std::size_t depth) {
    const std::size_t at = used_;
    const char* const from = text_.data() + *place_++;
    Push(key, kind);
    const char end = kind == ValueKind::kObject ? '}' : ']';
    std::uint32_t members = 0;
    if (Next() != end) {
      do {
        std::string_view name;
        if (kind == ValueKind::kObject && !ReadName(name)) return false;
        if (!Add(name, depth + 1)) return false;
        ++members;
      } while (Take(','));
    }
    JsonNode& node = nodes_[at];
    node.text = from;
    node.size = static_cast<std::uint32_t>(text_.data() + *place_ + 1 - from);
    node.span = static_cast<std::uint32_t>(used_ - at);
    node.members = members;
    return Take(end);
  }

  bool ReadName(std::string_view& name) { return Next() == '"' && ReadString(name) && Take(':'); }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  std::string text_;
  bool has_escapes_ = false;           // somewhere
  std::vector<std::uint8_t> strings_;  // those that were escaped
  std::uint8_t* strings_end_ = nullptr;
  const std::uint32_t* place_ = nullptr;  // the next one to read
  const std::uint32_t* end_ = nullptr;
  std::vector<JsonNode> nodes_;  // only grows: to make them is dear
  std::size_t used_ = 0;
  Problem problem_ = Problem::kNone;
};

JsonTree::JsonTree() : reader_(std::make_unique<Reader>()) {}
JsonTree::~JsonTree() = default;

JsonTree::Problem JsonTree::Parse(std::string_view text) { return reader_->Parse(text); }
const JsonNode& JsonTree::root() const { return reader_->root(); }

}  // namespace softmig::compare
