// A request as the fake reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "sim/api/kinds.hpp"

namespace softmig::sim {

struct Call {
  const Kind* kind = nullptr;
  std::string ns, name;     ///< empty: all namespaces, the collection
  std::string subresource;  ///< "" or "status"
  std::map<std::string, std::string, std::less<>> query;
  std::string_view body;   ///< belongs to the request
  std::string media_type;  ///< of the body, without parameters

  /// A query parameter, "" where absent.
  [[nodiscard]] std::string_view Query(std::string_view name) const;
  /// "1" or "true".
  [[nodiscard]] bool Asks(std::string_view name) const;
  /// The fieldManager of the query, else the user agent's first word.
  std::string manager;
  std::string manager_asked;  ///< of the query only
};

/// Nothing where no such path is served. `call.body` refers to `request`.
std::optional<Call> ReadCall(const http::Request& request);

/// metadata.name of a fieldSelector; "" where nothing is selected, nothing where the selector is not understood.
std::optional<std::string> SelectedName(const Call& call);

}  // namespace softmig::sim
