#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace softmig::cli {

/// A place in a file, from 1; 0: not known.
struct Mark {
  int line = 0, column = 0;
};

/// One object of a manifest.
struct Document {
  std::shared_ptr<const nlohmann::json> object;  ///< never null
  std::map<std::string, Mark> marks;             ///< of each member and entry: "spec.routes[0].name"; "": where it begins

  /// Of the path, or of what is nearest above it: a field that is missing has no place of its own.
  [[nodiscard]] Mark At(std::string path) const;
};

/// What is wrong with a manifest as YAML.
struct ManifestError {
  enum class Kind { kSyntax, kDoubleKey };
  Kind kind = Kind::kSyntax;
  Mark mark;
  std::string message;
};

struct Manifest {
  std::vector<Document> documents;  ///< objects only; those of a List one by one
  std::vector<ManifestError> errors;
};

inline constexpr std::size_t kMostManifestBytes = std::size_t{16} * 1024 * 1024;

/// Reads YAML or JSON as kubectl does: several documents, merge keys, YAML 1.1's words and numbers. Never throws; what cannot be read is
/// an error, and so is a key that stands twice. Bounded: deeper than 100 or more than 200,000 nodes (aliases count each time) is an error.
Manifest ReadManifest(const std::string& text);

/// The contents of a file, "-" for standard input; of a folder's *.yaml, *.yml and *.json, one an entry. kInvalid, with what to do.
struct NamedText {
  std::string name, text;
};
base::Result<std::vector<NamedText>> ReadFiles(const std::vector<std::string>& paths);

/// Every SoftMigration of the files, in their order, at least one; none of them is null. kInvalid: the first mistake of the YAML with its
/// place, or that no SoftMigration is in there.
base::Result<std::vector<std::shared_ptr<const nlohmann::json>>> SoftMigrationsOf(const std::vector<NamedText>& files);

}  // namespace softmig::cli
