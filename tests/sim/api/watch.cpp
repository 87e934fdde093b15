#include "sim/api/watch.hpp"

#include <nlohmann/json.hpp>

#include "base/assert.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::sim {
namespace {

std::string Line(std::string_view type, const std::string& object) {
  std::string line;
  line.reserve(object.size() + 40);
  line.append(R"({"type":")").append(type).append(R"(","object":)").append(object).append("}\n");
  return line;
}

}  // namespace

TableWatch::TableWatch(std::shared_ptr<Table> table, std::shared_ptr<const std::uint64_t> number, WatchScope scope, std::size_t position)
    : table_(std::move(table)), number_(std::move(number)), scope_(std::move(scope)), position_(position) {
  table_->Hold(&position_);
}

TableWatch::~TableWatch() { table_->Release(&position_); }

void TableWatch::BeginWithEverything(bool bookmark_at_end) {
  for (const auto& [key, version] : table_->objects()) {
    if (scope_.Holds(key)) first_.push_back(Line("ADDED", version->Text()));
  }
  if (bookmark_at_end) first_.push_back(BookmarkLine(true));
}

void TableWatch::BeginWithError(const nlohmann::json& status) {
  failed_ = true;
  first_.push_back(Line("ERROR", kube::DumpJson(status)));
}

void TableWatch::SkipOthers() const {
  while (position_ < table_->end() && !scope_.Holds(table_->At(position_).key)) ++position_;
}

bool TableWatch::ready() const {
  if (!first_.empty()) return true;
  SkipOthers();
  return !failed_ && position_ < table_->end();
}

std::optional<std::string> TableWatch::Next() {
  if (!ready()) return std::nullopt;
  if (!first_.empty()) {
    std::string line = std::move(first_.front());
    first_.pop_front();
    return line;
  }
  const StoreEvent& event = table_->At(position_++);
  return Line(event.TypeName(), event.shown->Text());
}

std::string TableWatch::BookmarkLine(bool end_of_initial_events) const {
  const kube::ResourceType& type = table_->kind().type;
  nlohmann::json object = {
      {"kind", type.kind}, {"apiVersion", type.ApiVersion()}, {"metadata", {{"resourceVersion", std::to_string(*number_)}}}};
  if (end_of_initial_events) object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return Line("BOOKMARK", kube::DumpJson(object));
}

std::string TableWatch::Bookmark() const {
  SM_ASSERT(!ready());
  return BookmarkLine(false);
}

}  // namespace softmig::sim
