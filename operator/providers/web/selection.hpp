#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace softmig::providers {

/// The way to one value in a JSON text: names of members and places in lists. Value type, bounded.
/// Written as `{.data.items[0].rate}`, `$.data.items[0]['error rate']` or `/data/items/0/error rate` (a JSON Pointer).
class Selection {
 public:
  /// kInvalid where the text is none of them. Wildcards, filters and negative places are refused: they may choose several values.
  static base::Result<Selection> Parse(std::string_view text);

  struct Found {
    const nlohmann::json* value = nullptr;
    std::string missing;  ///< where there is no value: the way up to what is not there
  };
  [[nodiscard]] Found In(const nlohmann::json& value) const;

 private:
  using Step = std::variant<std::string, std::size_t>;
  [[nodiscard]] const nlohmann::json* Next(const nlohmann::json& value, const Step& step) const;
  static base::Result<Selection> ParsePath(std::string_view text);
  static base::Result<Selection> ParsePointer(std::string_view text);

  std::vector<Step> steps_;
  bool is_pointer_ = false;  // numbers may be names, too
};

}  // namespace softmig::providers
