#include "cli/manifest.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/yaml_text.hpp"
#include "lint/check.hpp"

namespace softmig::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int kDeepest = 100;
constexpr int kMostNodes = 200'000;

/// Where lines begin, to count columns in characters.
class Lines {
 public:
  explicit Lines(const std::string& text) : text_(text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }
  [[nodiscard]] Mark Of(const YAML::Mark& mark) const {
    if (mark.is_null() || mark.line < 0) return {};
    const auto line = static_cast<std::size_t>(mark.line);
    if (line >= starts_.size()) return {mark.line + 1, 1};
    const std::string_view before = std::string_view(text_).substr(starts_[line], static_cast<std::size_t>(std::max(mark.column, 0)));
    const auto inside = std::ranges::count_if(before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
    return {mark.line + 1, mark.column + 1 - static_cast<int>(inside)};
  }

 private:
  const std::string& text_;
  std::vector<std::size_t> starts_{0};
};

/// One document of YAML becomes JSON. Throws YAML::Exception where it is too large.
class Converter {
 public:
  Converter(const Lines& lines, Manifest& manifest) : lines_(lines), manifest_(manifest) {}

  Document Convert(const YAML::Node& root) {
    document_ = Document();
    document_.marks[""] = lines_.Of(root.Mark());
    document_.object = std::make_shared<const json>(ToJson(root, "", 0));
    return std::move(document_);
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): kDeepest bounds it.
  json ToJson(const YAML::Node& node, const std::string& path, int depth) {
    if (depth > kDeepest || ++nodes_ > kMostNodes) throw YAML::Exception(node.Mark(), "nested too deeply, or too large");
    if (node.IsMap()) return MapToJson(node, path, depth);
    if (node.IsSequence()) {
      json list = json::array();
      for (const YAML::Node& item : node) {
        const std::string at = fmt::format("{}[{}]", path, list.size());
        document_.marks[at] = lines_.Of(item.Mark());
        list.push_back(ToJson(item, at, depth + 1));
      }
      return list;
    }
    if (!node.IsScalar()) return nullptr;
    return ScalarOf(node);
  }

  static json ScalarOf(const YAML::Node& node) { return node.Tag() == "?" ? PlainScalar(node.Scalar()) : json(node.Scalar()); }
  static bool IsMerge(const YAML::Node& key) { return key.IsScalar() && key.Tag() == "?" && key.Scalar() == "<<"; }
  /// Keys are words of YAML, too: `on:` is "true:".
  static std::string KeyOf(const YAML::Node& key) {
    if (!key.IsScalar()) throw YAML::Exception(key.Mark(), "a key must be a text");
    const json value = ScalarOf(key);
    return value.is_string() ? value.get<std::string>() : value.dump();
  }

  // NOLINTNEXTLINE(misc-no-recursion): as above.
  json MapToJson(const YAML::Node& node, const std::string& path, int depth) {
    json object = json::object();
    for (const auto& member : node) {
      if (IsMerge(member.first)) continue;
      const std::string key = KeyOf(member.first);
      const std::string at = path.empty() ? key : path + "." + key;
      const Mark mark = lines_.Of(member.first.Mark());
      if (object.contains(key)) {
        manifest_.errors.push_back({ManifestError::Kind::kDoubleKey, mark, fmt::format("\"{}\" stands twice", at)});
      }
      document_.marks[at] = mark;
      object[key] = ToJson(member.second, at, depth + 1);
    }
    Merge(node, path, depth, object);
    return object;
  }

  /// `<<: *other`: what the mapping does not say itself is taken from there.
  // NOLINTNEXTLINE(misc-no-recursion): as above.
  void Merge(const YAML::Node& node, const std::string& path, int depth, json& object) {
    for (const auto& member : node) {
      if (!IsMerge(member.first)) continue;
      const json merged = ToJson(member.second, path, depth + 1);
      if (!merged.is_object() && !merged.is_array()) throw YAML::Exception(member.second.Mark(), "<< wants a mapping");
      for (const json& one : merged.is_array() ? merged : json::array({merged})) {
        if (!one.is_object()) throw YAML::Exception(member.second.Mark(), "<< wants mappings");
        for (const auto& [key, value] : one.items()) {
          if (!object.contains(key)) object[key] = value;
        }
      }
    }
  }

  const Lines& lines_;
  Manifest& manifest_;
  Document document_;
  int nodes_ = 0;
};

bool IsList(const json& object) {
  const auto kind = object.find("kind");
  const auto items = object.find("items");
  return kind != object.end() && kind->is_string() && kind->get_ref<const std::string&>().ends_with("List") && items != object.end() &&
         items->is_array();
}

/// A List is its items.
void Add(Document document, Manifest& manifest) {
  if (document.object->is_null()) return;
  if (!document.object->is_object()) {
    manifest.errors.push_back({ManifestError::Kind::kSyntax, document.At(""), "is no object: apiVersion and kind are missing"});
    return;
  }
  if (!IsList(*document.object)) return manifest.documents.push_back(std::move(document));
  const json& items = document.object->at("items");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string own = fmt::format("items[{}]", i);
    Document item{std::make_shared<const json>(items[i]), {{"", document.At(own)}}};
    for (auto it = document.marks.lower_bound(own + "."); it != document.marks.end() && it->first.starts_with(own + "."); ++it) {
      item.marks[it->first.substr(own.size() + 1)] = it->second;
    }
    if (items[i].is_object()) manifest.documents.push_back(std::move(item));
  }
}

base::Result<std::string> ReadStream(std::istream& in, const std::string& name) {
  std::string text;
  char part[65'536];
  while (in.read(part, sizeof part) || in.gcount() > 0) {
    text.append(part, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMostManifestBytes)
      return base::Fail(base::ErrorCode::kInvalid, fmt::format("{} is larger than 16 MiB; name a manifest", name));
  }
  return text;
}

base::Result<std::string> ReadFile(const std::string& path) {
  if (path == "-") return ReadStream(std::cin, "standard input");
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path, error))
    return base::Fail(base::ErrorCode::kInvalid, fmt::format("{} cannot be read; name a file, or - for standard input", path));
  return ReadStream(file, path);
}

/// A folder is its manifests, in the order of their names.
std::vector<std::string> Expand(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") files.push_back(it->path().string());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

Mark Document::At(std::string path) const {
  while (true) {
    const auto it = marks.find(path);
    if (it != marks.end()) return it->second;
    const auto cut = path.find_last_of(".[");
    path = cut == std::string::npos ? std::string() : path.substr(0, cut);
    if (path.empty() && !marks.contains("")) return {};
  }
}

Manifest ReadManifest(const std::string& text) {
  Manifest manifest;
  const Lines lines(text);
  try {
    Converter converter(lines, manifest);
    for (const YAML::Node& root : YAML::LoadAll(text)) Add(converter.Convert(root), manifest);
  } catch (const YAML::Exception& failure) {
    manifest.errors.push_back({ManifestError::Kind::kSyntax, lines.Of(failure.mark), failure.msg});
  } catch (const std::exception& failure) {  // yaml-cpp lets what the standard library throws through
    manifest.errors.push_back({ManifestError::Kind::kSyntax, {}, failure.what()});
  }
  return manifest;
}

base::Result<std::vector<NamedText>> ReadFiles(const std::vector<std::string>& paths) {
  std::vector<NamedText> texts;
  for (const std::string& path : paths) {
    const std::vector<std::string> files = Expand(path);
    if (files.empty()) return base::Fail(base::ErrorCode::kInvalid, fmt::format("{} holds no .yaml, .yml or .json file", path));
    for (const std::string& file : files) {
      auto text = ReadFile(file);
      if (!text) return base::Fail(text.error());
      texts.push_back({file, std::move(*text)});
    }
  }
  return texts;
}

base::Result<std::vector<std::shared_ptr<const json>>> SoftMigrationsOf(const std::vector<NamedText>& files) {
  std::vector<std::shared_ptr<const json>> objects;
  for (const NamedText& file : files) {
    const Manifest manifest = ReadManifest(file.text);
    if (!manifest.errors.empty()) {
      const ManifestError& error = manifest.errors.front();
      return base::Fail(base::ErrorCode::kInvalid, fmt::format("{}:{}: {}", file.name, error.mark.line, error.message));
    }
    for (const Document& document : manifest.documents) {
      if (lint::IsSoftMigration(*document.object)) objects.push_back(document.object);
    }
  }
  if (objects.empty()) return base::Fail(base::ErrorCode::kInvalid, "no SoftMigration is in there; name its manifest with -f");
  return objects;
}

}  // namespace softmig::cli
