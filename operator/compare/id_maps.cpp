#include "compare/id_maps.hpp"

#include "base/assert.hpp"

namespace softmig::compare {
namespace {

/// A map's name is a label, so the zero byte ends it.
std::string KeyOf(std::string_view map, std::string_view id) {
  std::string key(map);
  key += '\0';
  return key.append(id);
}

template <typename Ids>
bool IsOther(const Ids& ids, const std::string& key, const std::string& wanted) {
  const auto known = ids.find(key);
  return known != ids.end() && known->second != wanted;
}

}  // namespace

bool IdMaps::Contradicts(std::string_view map, std::string_view legacy, std::string_view target) const {
  if (legacy.size() > kMostIdBytes || target.size() > kMostIdBytes) return true;
  const std::string left = KeyOf(map, legacy);
  const std::string right = KeyOf(map, target);
  return IsOther(target_of_, left, right) || IsOther(legacy_of_, right, left);
}

void IdMaps::Learn(std::string_view map, std::string_view legacy, std::string_view target) {
  SM_ASSERT(!Contradicts(map, legacy, target));
  std::string left = KeyOf(map, legacy);
  std::string right = KeyOf(map, target);
  if (!target_of_.emplace(left, right).second) return;
  legacy_of_.emplace(right, left);
  order_.emplace_back(std::move(left), std::move(right));
  if (order_.size() <= most_) return;
  target_of_.erase(order_.front().first);
  legacy_of_.erase(order_.front().second);
  order_.pop_front();
}

void IdMaps::Learn(const IdMaps& other) {
  for (const auto& [left, right] : other.order_) {
    const std::size_t end = left.find('\0');
    const std::string_view map = std::string_view(left).substr(0, end);
    const std::string_view legacy = std::string_view(left).substr(end + 1);
    const std::string_view target = std::string_view(right).substr(end + 1);
    if (!Contradicts(map, legacy, target)) Learn(map, legacy, target);
  }
}

void IdMaps::Clear() {
  target_of_.clear();
  legacy_of_.clear();
  order_.clear();
}

}  // namespace softmig::compare
