// answers-api: a system with answers of a chosen size, or with one of the faults that a system can have. For the bridge's fault suite.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>
#include <string>

#include "answers_api/answers.hpp"

namespace {
constexpr softmig::base::Millis kGrace{100};
}

int main(int argc, char** argv) {
  using namespace softmig;
  CLI::App app{"Answers of a chosen size, well or in one way that is not.", "answers-api"};
  std::string manner = "well";
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  const std::set<std::string> manners(programs::kManners.begin(), programs::kManners.end());
  app.add_option("--manner", manner, "How it answers")->check(CLI::IsMember(manners))->capture_default_str();
  app.add_option("--address", address, "Address to listen on")->capture_default_str();
  app.add_option("--port", port, "Port; 0: any free one")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  programs::Answers answers(*programs::MannerOf(manner));
  programs::AsyncServer server;
  const auto bound = server.Listen(address, port, [&](const programs::AsyncRequest& request) { return answers.Serve(request); });
  if (!bound) {
    fmt::print(stderr, "answers-api: {}\n", bound.error().message);
    return 1;
  }
  fmt::print("answers-api {} listens on {}:{}\n", manner, address, *bound);
  std::fflush(stdout);
  server.Run(kGrace);
  return 0;
}
