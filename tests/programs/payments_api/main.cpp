// payments-api: the system that is migrated in the demo and in the tests, in its old and its new version.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "async_server/async_server.hpp"
#include "payments_api/payments.hpp"

namespace {
constexpr softmig::base::Millis kGrace{1'000};
}

int main(int argc, char** argv) {
  using namespace softmig;
  CLI::App app{"A small payments API with a fault that can be switched on.", "payments-api"};
  std::string version = "legacy";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::uint16_t admin_port = 0;
  app.add_option("--version", version, "legacy or next")->check(CLI::IsMember({"legacy", "next"}))->capture_default_str();
  app.add_option("--address", address, "Address to listen on")->capture_default_str();
  app.add_option("--port", port, "Port for users, /healthz and /metrics; 0: any free one")->capture_default_str();
  app.add_option("--admin-port", admin_port, "Port for /fault; 0: the same as for users")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  programs::Payments payments(version);
  const auto user = [&](const programs::AsyncRequest& request) { return payments.ServeUser(request); };
  const auto admin = [&](const programs::AsyncRequest& request) { return payments.ServeAdmin(request); };
  programs::AsyncServer server;
  const auto bound = server.Listen(address, port, admin_port == 0 ? programs::AsyncHandler(admin) : programs::AsyncHandler(user));
  base::Result<std::uint16_t> second = bound;
  if (bound && admin_port != 0) second = server.Listen(address, admin_port, admin);
  if (!second) {
    fmt::print(stderr, "payments-api: {}\n", second.error().message);
    return 1;
  }
  fmt::print("payments-api {} listens on {}:{}\n", version, address, *bound);
  std::fflush(stdout);
  server.Run(kGrace);
  return 0;
}
