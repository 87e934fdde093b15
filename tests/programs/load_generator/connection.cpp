#include "load_generator/connection.hpp"

#include <utility>

namespace softmig::programs {
namespace {
namespace beast = boost::beast;
using Code = boost::system::error_code;
constexpr int kFirstErrorStatus = 400;
}  // namespace

Connection::Connection(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint peer, std::function<void(Connection&, Outcome)> done)
    : peer_(std::move(peer)), done_(std::move(done)), stream_(io) {}

void Connection::Send(Due due) {
  due_ = std::move(due);
  stream_.expires_at(due_->deadline);
  if (open_) {
    Write();
  } else {
    Connect();
  }
}

void Connection::Connect() {
  stream_.async_connect(peer_, [this](Code error) {
    if (error) return Fail(error, "connect");
    Code ignored;
    stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    open_ = true;
    Write();
  });
}

void Connection::Write() {
  beast::http::async_write(stream_, due_->request, [this](Code error, std::size_t) {
    if (error) return Fail(error, "closed");
    Read();
  });
}

void Connection::Read() {
  parser_.emplace();
  beast::http::async_read(stream_, buffer_, *parser_, [this](Code error, std::size_t) {
    if (error) return Fail(error, "closed");
    Finish();
  });
}

void Connection::Finish() {
  const auto& answer = parser_->get();
  Outcome outcome = MakeOutcome();
  if (const auto found = answer.find("x-served-by"); found != answer.end()) outcome.served_by = std::string(found->value());
  if (answer.result_int() >= kFirstErrorStatus) outcome.error = std::to_string(answer.result_int());
  if (!answer.keep_alive()) Close();
  due_.reset();
  stream_.expires_never();
  done_(*this, std::move(outcome));
}

void Connection::Fail(Code error, const char* stage) {
  Outcome outcome = MakeOutcome();
  outcome.error = error == beast::error::timeout ? "timeout" : stage;
  Close();
  due_.reset();
  done_(*this, std::move(outcome));
}

Outcome Connection::MakeOutcome() const {
  const base::SystemClock clock;
  Outcome outcome;
  outcome.at_ms = clock.WallNow().time_since_epoch().count();
  outcome.latency = std::chrono::duration_cast<std::chrono::microseconds>(clock.SteadyNow() - due_->since);
  outcome.served_by = "none";
  return outcome;
}

void Connection::Close() {
  open_ = false;
  stream_.close();
  buffer_.clear();
}

}  // namespace softmig::programs
