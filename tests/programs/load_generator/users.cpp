#include "load_generator/users.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "load_generator/connection.hpp"

namespace softmig::programs {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Code = boost::system::error_code;

constexpr base::Millis kLongestTick{2};
constexpr base::Millis kStateEvery{200};

/// Half create payments, a third read one, the rest ask for refunds; the same order in every run. Or all read one path.
Due NextRequest(const LoadOptions& options, std::uint64_t number, base::SteadyTime now) {
  Due due;
  auto& request = due.request;
  request.version(11);
  const std::uint64_t turn = number % 10;
  if (!options.path.empty()) {
    request.method(options.upload_bytes == 0 ? beast::http::verb::get : beast::http::verb::post);
    request.target(options.path);
    request.body() = std::string(options.upload_bytes, 'x');
  } else if (turn >= 5 && turn < 8) {
    request.method(beast::http::verb::get);
    request.target(fmt::format("/payments/pay_{}", number / 2 + 1));
  } else {
    request.method(beast::http::verb::post);
    request.target(turn < 5 ? "/payments" : "/refunds");
    request.set(beast::http::field::content_type, "application/json");
    request.body() = fmt::format(R"({{"amount":{},"currency":"EUR"}})", 100 + number % 900);
  }
  request.set(beast::http::field::host, options.host);
  if (!options.header_name.empty()) request.set(options.header_name, options.header_value);
  request.prepare_payload();
  due.since = now;
  due.deadline = now + options.timeout;
  return due;
}

}  // namespace

void WriteFile(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  const std::string scratch = path + ".new";
  std::ofstream file(scratch, std::ios::trunc);
  file << text << '\n';
  file.close();
  if (file) std::rename(scratch.c_str(), path.c_str());
}

class Users::Impl {
 public:
  explicit Impl(LoadOptions options) : options_(std::move(options)) {
    const asio::ip::tcp::endpoint peer(asio::ip::make_address(options_.address), options_.port);
    for (unsigned i = 0; i < options_.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(io_, peer, [this](Connection& connection, Outcome outcome) {
        Add(outcome);
        Next(connection);
      }));
      idle_.push_back(connections_.back().get());
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // Handlers still waiting in io_ refer to everything else.
  ~Impl() { io_.stop(); }

  const Tally& Run() {
    start_ = clock_.SteadyNow();
    signals_.async_wait([this](Code error, int) {
      if (!error) stopping_ = true;
    });
    Tick();
    WriteState();
    io_.run();
    WriteFile(options_.state_file, tally_.State(clock_.WallNow().time_since_epoch().count()).dump());
    WriteFile(options_.summary_file, tally_.Summary().dump());
    WriteFile(options_.latencies_file, latencies_);
    return tally_;
  }

 private:
  void Tick() {
    const base::SteadyTime now = clock_.SteadyNow();
    if (options_.duration.count() > 0 && now - start_ >= options_.duration) stopping_ = true;
    if (!stopping_) AddDue(now);
    GiveUpOnOld(now);
    if (stopping_ && waiting_.empty() && idle_.size() == connections_.size()) {
      io_.stop();
      return;
    }
    tick_.expires_at(stopping_ ? now + kLongestTick : std::min(DueAt(number_), now + kLongestTick));
    tick_.async_wait([this](Code error) {
      if (!error) Tick();
    });
  }

  /// However late a tick comes.
  [[nodiscard]] base::SteadyTime DueAt(std::uint64_t number) const {
    const std::chrono::duration<double> offset(static_cast<double>(number) / options_.rate);
    return start_ + std::chrono::duration_cast<base::SteadyTime::duration>(offset);
  }

  void Add(const Outcome& outcome) {
    tally_.Add(outcome);
    const bool is_warm = clock_.SteadyNow() - outcome.latency >= start_ + options_.warm_up;
    if (is_warm && !options_.latencies_file.empty()) latencies_ += fmt::format("{}\n", outcome.latency.count());
  }

  void AddDue(base::SteadyTime now) {
    while (true) {
      const base::SteadyTime due_at = DueAt(number_);
      if (due_at > now) return;
      tally_.Sent();
      waiting_.push_back(NextRequest(options_, number_++, due_at));
      if (!idle_.empty()) {
        Connection* connection = idle_.front();
        idle_.pop_front();
        Next(*connection);
      }
    }
  }

  /// Users whom no connection had time for. The oldest is in front.
  void GiveUpOnOld(base::SteadyTime now) {
    while (!waiting_.empty() && waiting_.front().deadline <= now) {
      waiting_.pop_front();
      Add({clock_.WallNow().time_since_epoch().count(), options_.timeout, "none", "no_connection"});
    }
  }

  void Next(Connection& connection) {
    if (waiting_.empty()) {
      idle_.push_back(&connection);
      return;
    }
    Due due = std::move(waiting_.front());
    waiting_.pop_front();
    connection.Send(std::move(due));
  }

  void WriteState() {
    WriteFile(options_.state_file, tally_.State(clock_.WallNow().time_since_epoch().count()).dump());
    state_timer_.expires_after(kStateEvery);
    state_timer_.async_wait([this](Code error) {
      if (!error) WriteState();
    });
  }

  LoadOptions options_;
  base::SystemClock clock_;
  Tally tally_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_, SIGTERM, SIGINT};
  asio::steady_timer tick_{io_};
  asio::steady_timer state_timer_{io_};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Connection*> idle_;
  std::deque<Due> waiting_;
  std::string latencies_;
  std::uint64_t number_ = 0;
  base::SteadyTime start_;
  bool stopping_ = false;
};

Users::Users(LoadOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Users::~Users() = default;

const Tally& Users::Run() { return impl_->Run(); }

}  // namespace softmig::programs
