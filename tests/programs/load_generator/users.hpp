#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "load_generator/tally.hpp"

namespace softmig::programs {

struct LoadOptions {
  std::string address = "10.244.0.1";
  std::uint16_t port = 8080;
  std::string host = "payments.example.com";
  std::string header_name, header_value;  ///< one more header, where not empty
  std::string path;                       ///< where not empty every request is a GET of it
  std::size_t upload_bytes = 0;           ///< where not 0 each is a POST of it with so many bytes
  double rate = 100;                      ///< requests due each second, whether earlier ones were answered or not
  unsigned connections = 16;
  base::Millis timeout{3'000};  ///< from the moment a request is due; later it is an error
  base::Millis duration{0};     ///< 0: until SIGTERM or SIGINT
  std::string summary_file;     ///< written at the end
  std::string state_file;       ///< written every 200 ms
  std::string latencies_file;   ///< written at the end: microseconds of each request, one a line, in the order of their ends
  base::Millis warm_up{0};      ///< what is due in the beginning is left out of that file
};

/// Users of the payments API: an open loop over kept-alive connections, on one thread.
/// Never sends a request twice: whatever goes wrong is a user's error and is counted as one.
class Users {
 public:
  explicit Users(LoadOptions options);
  ~Users();
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  /// Until the duration is over or a signal; answers still due are waited for, up to the timeout.
  const Tally& Run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Replaces the file in one step; quietly does nothing where it cannot be written or `path` is empty.
void WriteFile(const std::string& path, const std::string& text);

}  // namespace softmig::programs
