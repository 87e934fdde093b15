#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/client/rest_client.hpp"

namespace softmig::kube {

/// The whole file, at most `max_bytes`. kNotFound where it cannot be opened, kInvalid where it is longer or unreadable.
base::Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes);

/// Always the same token; may be empty.
std::unique_ptr<TokenSource> MakeStaticToken(std::string token);

/// A token file that somebody else rotates (kubelet does at 80 % of its life): read again at most once a minute and after Drop.
/// A read that fails keeps the last good token. `clock` must outlive it.
std::unique_ptr<TokenSource> MakeFileToken(std::string path, const base::Clock& clock);

}  // namespace softmig::kube
