#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "routers/gatewayapi/route_rules.hpp"

namespace softmig::routers {

/// Text of `value` as the API server's own encoder writes it: compact, with <, >, & and the two Unicode line separators
/// escaped. The server compares the strings of a `test` operation byte by byte in that form, so any other spelling of the
/// same string would fail for ever.
std::string ServerText(const nlohmann::json& value);

/// Collects the operations of one RFC 6902 patch, in order. Begins with a test of the object's uid. Not thread-safe.
class PatchBuilder {
 public:
  explicit PatchBuilder(const std::string& uid);
  void Test(const std::string& path, const nlohmann::json& value);
  void Replace(const std::string& path, const nlohmann::json& value);
  void Add(const std::string& path, const nlohmann::json& value);
  void Remove(const std::string& path);
  /// The patch; empty where nothing would change.
  [[nodiscard]] std::string Text() const;

 private:
  void Append(const char* operation, const std::string& path, const nlohmann::json* value);

  std::string operations_;
  bool changes_ = false;  ///< something besides tests
};

/// Makes the patch fail where another rule stands at the index by then: tests its name, its matches, or all of it.
void TestIdentity(const UserRule& rule, PatchBuilder& patch);
/// Takes rules of ours out, the last first so that the indices stay right. Further changes may only add at the end.
void RemoveRules(std::vector<const OwnRule*> rules, PatchBuilder& patch);

}  // namespace softmig::routers
