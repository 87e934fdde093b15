// metrics-stub: looks like Prometheus' /api/v1/query and /api/v1/query_range and answers what a test or the benchmark tells it to.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "async_server/async_server.hpp"
#include "metrics_stub/series.hpp"

namespace {

using namespace softmig;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string Decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    if (escaped) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

/// The value of `name` in a query string or a form; empty where it is not there.
std::string ValueIn(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view pair = form.substr(0, form.find('&'));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return Decode(pair.substr(name.size() + 1));
    form.remove_prefix(std::min(form.size(), pair.size() + 1));
  }
  return {};
}

/// Seconds, as a number. 0 where it is none.
base::Millis SecondsIn(std::string_view form, std::string_view name) {
  const double seconds = std::strtod(ValueIn(form, name).c_str(), nullptr);
  constexpr double kMost = 1e11;  // years after 5000; NaN is no more welcome
  return base::Millis(seconds > 0 && seconds < kMost ? std::llround(seconds * 1000) : 0);
}

programs::AsyncReply AnswerRange(programs::SeriesTable& table, std::string_view form, base::WallTime now) {
  const programs::Range range{base::WallTime(SecondsIn(form, "start")), base::WallTime(SecondsIn(form, "end")), SecondsIn(form, "step")};
  return table.AnswerRange(ValueIn(form, "query"), range, now);
}

programs::AsyncReply Serve(programs::SeriesTable& table, const programs::AsyncRequest& request) {
  const auto mark = request.target.find('?');
  const std::string_view path = request.target.substr(0, mark);
  const std::string_view form = mark == std::string_view::npos ? request.body : request.target.substr(mark + 1);
  const auto now = base::SystemClock().WallNow();
  if (path == "/api/v1/query") {
    const base::WallTime at(SecondsIn(form, "time"));
    return table.Answer(ValueIn(form, "query"), at == base::WallTime() ? now : at, now);
  }
  if (path == "/api/v1/query_range") return AnswerRange(table, form, now);
  if (path == "/set" && request.method == http::Method::kPost) return table.Set(request.body, now);
  if (path == "/stats") return table.Stats();
  programs::AsyncReply reply;
  reply.content_type = "text/plain";
  reply.status = path == "/-/ready" || path == "/-/healthy" ? 200 : 404;
  reply.body = reply.status == 200 ? "ready\n" : "not found\n";
  return reply;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Answers Prometheus queries with what it was told to answer.", "metrics-stub"};
  std::string address = "127.0.0.1";
  std::uint16_t port = 9090;
  app.add_option("--address", address, "Address to listen on")->capture_default_str();
  app.add_option("--port", port, "Port; 0: any free one")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  programs::SeriesTable table;
  programs::AsyncServer server;
  const auto bound = server.Listen(address, port, [&](const programs::AsyncRequest& request) { return Serve(table, request); });
  if (!bound) {
    fmt::print(stderr, "metrics-stub: {}\n", bound.error().message);
    return 1;
  }
  fmt::print("metrics-stub listens on {}:{}\n", address, *bound);
  std::fflush(stdout);
  server.Run(base::Millis{100});
  return 0;
}
