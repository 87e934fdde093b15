#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Changes JSON as a tree, so that most of what is tried is still JSON: bytes changed at random seldom are. Works on one line of the input,
/// so that inputs with other lines around (a stream of events, an HTTP status above a body) profit too. Every other time the bytes are left
/// to libFuzzer's own mutations.

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace softmig::fuzz {
namespace {

using nlohmann::json;
using Random = std::minstd_rand;

std::size_t Below(Random& random, std::size_t limit) { return random() % limit; }

void Collect(json& value, std::vector<json*>& nodes) {
  nodes.push_back(&value);
  if (!value.is_structured()) return;
  for (json& child : value) Collect(child, nodes);
}

std::vector<json*> NodesOf(json& tree) {
  std::vector<json*> nodes;
  Collect(tree, nodes);
  return nodes;
}

json OddValue(Random& random) {
  static const json kValues = json::array({nullptr,
                                           true,
                                           false,
                                           0,
                                           1,
                                           -1,
                                           2,
                                           50,
                                           99,
                                           100,
                                           101,
                                           65535,
                                           65536,
                                           1000000,
                                           1000001,
                                           std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::int64_t>::min(),
                                           std::numeric_limits<std::uint64_t>::max(),
                                           0.5,
                                           -0.0,
                                           1e300,
                                           "",
                                           "0",
                                           "a",
                                           "\xC3\xBC",
                                           std::string(300, 'x'),
                                           json::array(),
                                           json::object(),
                                           json::array({nullptr})});
  return kValues[Below(random, kValues.size())];
}

std::string MutatedText(std::string text) {
  text.resize(text.size() + 8);
  text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), text.size() - 8, text.size()));
  return text;
}

void EraseChild(json& node, Random& random) {
  if (!node.is_structured() || node.empty()) return;
  auto child = node.begin();
  std::advance(child, Below(random, node.size()));
  node.erase(child);
}

/// Gives a member of an object, or a new one, the name of another member somewhere in the tree.
void RenameChild(json& node, const std::vector<json*>& nodes, Random& random) {
  const json& other = *nodes[Below(random, nodes.size())];
  if (!node.is_object() || !other.is_object() || other.empty()) return;
  auto model = other.begin();
  std::advance(model, Below(random, other.size()));
  const std::string name = model.key();  // a copy: the member may be part of what is erased
  json value = *model;
  if (!node.empty() && Below(random, 2) == 0) {
    auto child = node.begin();
    std::advance(child, Below(random, node.size()));
    value = *child;
    node.erase(child);
  }
  node[name] = std::move(value);
}

void InsertCopy(json& node, const std::vector<json*>& nodes, Random& random) {
  if (!node.is_array()) return;
  json copy = *nodes[Below(random, nodes.size())];
  const auto at = static_cast<std::ptrdiff_t>(Below(random, node.size() + 1));
  node.insert(node.begin() + at, std::move(copy));
}

void ChangeScalar(json& node, Random& random) {
  if (node.is_string()) {
    node = MutatedText(node.get<std::string>());
  } else if (node.is_number_integer()) {
    const auto number = static_cast<std::uint64_t>(node.get<std::int64_t>());
    node = static_cast<std::int64_t>(Below(random, 2) == 0 ? number + Below(random, 5) - 2 : number * 10);
  } else if (node.is_boolean()) {
    node = !node.get<bool>();
  } else {
    node = OddValue(random);
  }
}

void ChangeTree(json& tree, Random& random) {
  const std::vector<json*> nodes = NodesOf(tree);
  json& node = *nodes[Below(random, nodes.size())];
  switch (Below(random, 8)) {
    case 0: node = json(*nodes[Below(random, nodes.size())]); return;
    case 1: node = OddValue(random); return;
    case 2: return EraseChild(node, random);
    case 3: return RenameChild(node, nodes, random);
    case 4: return InsertCopy(node, nodes, random);
    case 5: node = json::array({json(node)}); return;
    default: return ChangeScalar(node, random);
  }
}

/// A line of the input that is a JSON object or list.
struct JsonLine {
  std::size_t begin = 0, size = 0;
  json tree;
};

std::optional<JsonLine> PickLine(std::string_view text, Random& random) {
  std::vector<JsonLine> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back({begin, end - begin, nullptr});
    begin = end + 1;
  }
  while (!lines.empty()) {
    const auto at = lines.begin() + static_cast<std::ptrdiff_t>(Below(random, lines.size()));
    const std::string_view line = text.substr(at->begin, at->size);
    at->tree = json::parse(line, nullptr, false);
    if (at->tree.is_structured()) return std::move(*at);
    lines.erase(at);
  }
  return std::nullopt;
}

/// The input with the line replaced; nothing where it gets too large.
std::optional<std::string> Replaced(std::string_view text, const JsonLine& line, std::size_t max_size) {
  const std::string changed = line.tree.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() - line.size + changed.size() > max_size) return std::nullopt;
  return std::string(text.substr(0, line.begin)) + changed + std::string(text.substr(line.begin + line.size));
}

}  // namespace
}  // namespace softmig::fuzz

// libFuzzer's hooks: the names and the types are its own.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  using namespace softmig::fuzz;  // NOLINT(google-build-using-namespace): only this function
  Random random(seed);
  if (Below(random, 3) == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string text(reinterpret_cast<const char*>(data), size);
  auto line = PickLine(text, random);
  if (!line) return LLVMFuzzerMutate(data, size, max_size);
  for (std::size_t changes = 1 + Below(random, 3); changes > 0; --changes) ChangeTree(line->tree, random);
  const auto changed = Replaced(text, *line, max_size);
  if (!changed) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, changed->data(), changed->size());
  return changed->size();
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size, const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out, std::size_t max_size, unsigned seed) {
  using namespace softmig::fuzz;  // NOLINT(google-build-using-namespace): only this function
  Random random(seed);
  const std::string text(reinterpret_cast<const char*>(first), first_size);
  auto into = PickLine(text, random);
  auto from = PickLine({reinterpret_cast<const char*>(second), second_size}, random);
  if (!into || !from) return 0;
  const std::vector<json*> places = NodesOf(into->tree);
  const std::vector<json*> parts = NodesOf(from->tree);
  *places[Below(random, places.size())] = *parts[Below(random, parts.size())];
  const auto crossed = Replaced(text, *into, max_size);
  if (!crossed) return 0;
  std::memcpy(out, crossed->data(), crossed->size());
  return crossed->size();
}
