#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "agent/settings/bridge_settings.hpp"
#include "base/result.hpp"

namespace softmig::agent {

/// Where Envoy reads its resources from (filesystem xDS). A file changes by a rename, so that it is always whole and Envoy notices; one
/// that would not change is left alone. Outlives the process: the next one begins with what is there, whether the API server answers or
/// not. Not thread-safe.
class SettingsFolder {
 public:
  explicit SettingsFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// A file as it was stored last; kNotFound where there is none.
  [[nodiscard]] base::Result<std::string> Stored(std::string_view name) const;
  /// kUnavailable where a file cannot be written; those before it are. To be called again then.
  [[nodiscard]] base::Status Store(const BridgeSettings& settings) const;

 private:
  [[nodiscard]] base::Status StoreFile(std::string_view name, const std::string& text) const;

  std::filesystem::path folder_;
};

}  // namespace softmig::agent
