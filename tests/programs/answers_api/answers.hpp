#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "async_server/async_server.hpp"

namespace softmig::programs {

/// How a system answers.
enum class Manner {
  kWell,
  kOther,  ///< well, but one field is another
  kError,  ///< 500
  kLate,   ///< after 10 s
  kNever,  ///< takes the request and says nothing
  kDrip,   ///< a byte a second
  kReset,  ///< the connection is reset in the middle of the body
  kHuge,   ///< 1 GiB, as fast as it is taken
};
inline constexpr std::array<std::string_view, 8> kManners{"well", "other", "error", "late", "never", "drip", "reset", "huge"};

/// GET /answers/BYTES gives a JSON object of about so many bytes (at most 1 MiB), the same each time; POST of anything is thanked for.
/// Not thread-safe: the server has one thread.
class Answers {
 public:
  explicit Answers(Manner manner) : manner_(manner) {}
  AsyncReply Serve(const AsyncRequest& request);

 private:
  const std::string& BodyOf(std::size_t bytes);

  const Manner manner_;
  std::map<std::size_t, std::string> bodies_;
};

/// By its name; nothing where there is none of it.
std::optional<Manner> MannerOf(std::string_view name);

}  // namespace softmig::programs
