// load-generator: the users of the payments API. Counts every error a user would see.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "load_generator/users.hpp"

int main(int argc, char** argv) {
  using namespace softmig;
  CLI::App app{"Sends requests at a fixed rate and counts what users see.", "load-generator"};
  programs::LoadOptions options;
  std::string header;
  double seconds = 0;
  std::int64_t timeout_ms = options.timeout.count();
  std::int64_t warm_up_ms = 0;
  app.add_option("--address", options.address, "IP address of the gateway")->capture_default_str();
  app.add_option("--port", options.port, "Its port")->capture_default_str();
  app.add_option("--host", options.host, "Host header")->capture_default_str();
  app.add_option("--header", header, "One more header, \"Name: value\"");
  app.add_option("--path", options.path, "Every request is a GET of it; default: a mix of reads and writes of the payments API");
  app.add_option("--upload-bytes", options.upload_bytes, "Every request is a POST of so many bytes to --path");
  app.add_option("--rate", options.rate, "Requests a second")->check(CLI::Range(0.1, 50'000.0))->capture_default_str();
  app.add_option("--connections", options.connections, "Kept-alive connections")->check(CLI::Range(1U, 2'000U))->capture_default_str();
  app.add_option("--timeout-ms", timeout_ms, "A later answer is an error")->check(CLI::Range(1, 60'000))->capture_default_str();
  app.add_option("--duration", seconds, "Seconds; 0: until SIGTERM")->capture_default_str();
  app.add_option("--summary", options.summary_file, "File for the summary (JSON), written at the end");
  app.add_option("--state", options.state_file, "File for the live state (JSON), written every 200 ms");
  app.add_option("--latencies", options.latencies_file, "File for the microseconds of each request, one a line");
  app.add_option("--warm-up-ms", warm_up_ms, "What is due in the beginning is left out of --latencies")->check(CLI::Range(0, 60'000));
  CLI11_PARSE(app, argc, argv);

  options.timeout = base::Millis(timeout_ms);
  options.warm_up = base::Millis(warm_up_ms);
  options.duration = base::Millis(static_cast<std::int64_t>(seconds * 1'000));
  if (const auto colon = header.find(':'); colon != std::string::npos) {
    options.header_name = header.substr(0, colon);
    options.header_value = header.substr(std::min(header.size(), header.find_first_not_of(' ', colon + 1)));
  }
  programs::Users users(std::move(options));
  const programs::Tally& tally = users.Run();
  nlohmann::json totals = tally.Summary();
  totals.erase("buckets");
  totals.erase("errors");
  fmt::print("{}\n", totals.dump());
  return 0;
}
