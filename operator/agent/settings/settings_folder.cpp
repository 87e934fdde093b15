#include "agent/settings/settings_folder.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace softmig::agent {
namespace {

std::optional<std::string> ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return file.bad() ? std::nullopt : std::optional(std::move(text));
}

bool WriteText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return !file.fail();
}

}  // namespace

base::Result<std::string> SettingsFolder::Stored(std::string_view name) const {
  auto text = ReadText(folder_ / name);
  if (!text) return base::Fail(base::ErrorCode::kNotFound, fmt::format("{} was not stored in {}", name, folder_.string()));
  return std::move(*text);
}

base::Status SettingsFolder::Store(const BridgeSettings& settings) const {
  for (const std::string_view name : kEnvoyFiles) {
    const auto text = settings.envoy.find(name);
    if (text == settings.envoy.end()) continue;
    if (auto stored = StoreFile(name, text->second); !stored) return stored;
  }
  return StoreFile(kAgentFile, settings.agent);
}

base::Status SettingsFolder::StoreFile(std::string_view name, const std::string& text) const {
  const std::filesystem::path path = folder_ / name;
  if (ReadText(path) == text) return {};
  const std::filesystem::path fresh = folder_ / ("." + std::string(name));
  std::error_code failed;
  if (WriteText(fresh, text)) {
    std::filesystem::rename(fresh, path, failed);
    if (!failed) return {};
  }
  return base::Fail(base::ErrorCode::kUnavailable, "write " + path.string());
}

}  // namespace softmig::agent
