#include "http/server.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "raw_client.hpp"

namespace softmig::http {
namespace {

using testing::RawClient;

/// Answers with what it was asked.
Response Echo(const ServerRequest& request) {
  Response response{200, {{"X-Echo", "1"}}, std::string(Name(request.method)) + " " + request.target + " " + request.body};
  return response;
}

ServerOptions Local() {
  ServerOptions options;
  options.address = "127.0.0.1";
  options.max_header = 2'000;
  options.max_body = 1'000;
  options.request_timeout = base::Millis(10'000);
  return options;
}

class Server : public ::testing::Test {
 protected:
  void Listen(const ServerOptions& options, ServerHandler handler = Echo) {
    auto server = ListenHttp(options, std::move(handler));
    ASSERT_TRUE(server) << server.error().ToString();
    server_ = std::move(*server);
  }
  /// What one connection that says `bytes` gets until the server hangs up.
  std::string Say(std::string_view bytes) {
    RawClient client(server_->port());
    client.Send(bytes);
    return client.ReadToEnd();
  }
  std::unique_ptr<HttpServer> server_;
};

TEST_F(Server, AnswersWhatTheHandlerSays) {
  Listen(Local());
  RawClient client(server_->port());
  client.Send("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  const auto answer = client.ReadAnswer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("X-Echo: 1\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("POST /a?b=c hello"));
}

TEST_F(Server, KeepsConnections) {
  Listen(Local());
  RawClient client(server_->port());
  for (int i = 0; i < 100; ++i) {
    client.Send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client.ReadAnswer().ends_with("GET /" + std::to_string(i) + " "));
  }
}

TEST_F(Server, ReadsChunkedBodies) {
  Listen(Local());
  RawClient client(server_->port());
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(client.ReadAnswer().ends_with("POST / abcde"));
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  Listen(Local());
  RawClient client(server_->port());
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 "
      "HT");
  EXPECT_TRUE(client.ReadAnswer().ends_with("GET /1 "));
  EXPECT_TRUE(client.ReadAnswer().ends_with("POST /2 a"));
  EXPECT_TRUE(client.ReadAnswer().ends_with("GET /3 "));
  client.Send("TP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.ReadAnswer().ends_with("GET /4 "));
}

TEST_F(Server, HeadHasTheLengthButNoBody) {
  Listen(Local());
  RawClient client(server_->port());
  client.Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.ReadHead().find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(client.ReadAnswer().ends_with("GET /b "));
}

TEST_F(Server, ClosesWhereTheClientAsksForIt) {
  Listen(Local());
  EXPECT_TRUE(Say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(Say("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(Server, InvitesABodyThatWaitsForIt) {
  Listen(Local());
  RawClient client(server_->port());
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(client.ReadHead().starts_with("HTTP/1.1 100 "));
  client.Send("ab");
  EXPECT_TRUE(client.ReadAnswer().ends_with("POST / ab"));
}

TEST_F(Server, LongHeaderIs431) {
  Listen(Local());
  EXPECT_TRUE(Say("GET / HTTP/1.1\r\nX: " + std::string(3'000, 'x') + "\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(Say("GET /" + std::string(200'000, 'x')).starts_with("HTTP/1.1 431 "));
}

TEST_F(Server, LongBodyIs413) {
  std::atomic<int> handled{0};
  Listen(Local(), [&](const ServerRequest& request) {
    ++handled;
    return Echo(request);
  });
  const std::string big(1'001, 'x');
  EXPECT_TRUE(Say("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + big).starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(Say("POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n").starts_with("HTTP/1.1 4"));
  EXPECT_TRUE(Say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + big + "\r\n0\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(handled, 0);
}

TEST_F(Server, BodyOfTheLimitIsAccepted) {
  Listen(Local());
  RawClient client(server_->port());
  client.Send("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1'000, 'x'));
  EXPECT_TRUE(client.ReadAnswer().starts_with("HTTP/1.1 200 "));
}

TEST_F(Server, NonsenseIs400AndHungUp) {
  std::atomic<int> handled{0};
  Listen(Local(), [&](const ServerRequest& request) {
    ++handled;
    return Echo(request);
  });
  for (const std::string bytes : {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                  "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                  "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX\r\n0\r\n\r\n"}) {
    EXPECT_TRUE(Say(bytes).starts_with("HTTP/1.1 400 ")) << bytes;
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(Server, UnknownMethodIs501) {
  Listen(Local());
  EXPECT_TRUE(Say("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 501 "));
}

TEST_F(Server, HalfARequestIsHungUpOn) {
  auto options = Local();
  options.request_timeout = base::Millis(100);
  Listen(options);
  for (const std::string bytes : {"", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
                                  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    RawClient client(server_->port());
    client.Send(bytes);
    EXPECT_TRUE(client.IsHungUp()) << bytes;
  }
}

TEST_F(Server, DripOfBytesDoesNotExtendTheTime) {
  auto options = Local();
  options.request_timeout = base::Millis(200);
  Listen(options);
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nX: ");
  std::jthread drip([&](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested() && client.Send("x")) never.wait_for(lock, stop, std::chrono::milliseconds(5), []() { return false; });
  });
  EXPECT_TRUE(client.IsHungUp());
}

TEST_F(Server, IdleConnectionIsHungUpOn) {
  auto options = Local();
  options.idle_timeout = base::Millis(100);
  Listen(options);
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.ReadAnswer().starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(client.IsHungUp());
}

TEST_F(Server, IdleConnectionLivesLongerThanARequest) {
  auto options = Local();
  options.request_timeout = base::Millis(500);
  Listen(options);
  RawClient client(server_->port());
  client.Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.ReadAnswer().ends_with("GET /1 "));
  RawClient silent(server_->port());
  EXPECT_TRUE(silent.IsHungUp());  // takes the request timeout, in which the first connection only waits
  client.Send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.ReadAnswer().ends_with("GET /2 "));
}

TEST_F(Server, AnswerNobodyReadsIsGivenUp) {
  auto options = Local();
  options.request_timeout = base::Millis(200);
  options.max_connections = 1;
  Listen(options, [](const ServerRequest&) { return Response{200, {}, std::string(32U << 20U, 'x')}; });
  RawClient deaf(server_->port());
  deaf.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(deaf.ReadHead().starts_with("HTTP/1.1 200 "));
  // The only place becomes free again, though the body stays unread: others get in after the limit, not never.
  std::string answer;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (answer.empty() && std::chrono::steady_clock::now() < limit) {
    RawClient next(server_->port());
    next.Send("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
    answer = next.ReadToEnd();
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
}

TEST_F(Server, OneConnectionTooManyIsClosedAtOnce) {
  auto options = Local();
  options.max_connections = 2;
  Listen(options);
  RawClient first(server_->port());
  RawClient second(server_->port());
  for (auto* client : {&first, &second}) {
    client->Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(client->ReadAnswer().starts_with("HTTP/1.1 200 "));
  }
  RawClient third(server_->port());
  EXPECT_TRUE(third.IsHungUp());
  first.Send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(first.ReadAnswer().ends_with("GET /again "));
}

TEST_F(Server, HandlerThatThrowsIsA500) {
  Listen(Local(), [](const ServerRequest&) -> Response { throw std::runtime_error("secret"); });
  const auto answer = Say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(answer.find("secret"), std::string::npos);
}

TEST_F(Server, ManyClientsOnManyThreads) {
  auto options = Local();
  options.threads = 4;
  Listen(options);
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&, i]() {
      RawClient client(server_->port());
      for (int j = 0; j < 50; ++j) {
        const auto path = "/" + std::to_string(i) + "." + std::to_string(j);
        client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        if (client.ReadAnswer().ends_with("GET " + path + " ")) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 16 * 50);
}

TEST_F(Server, DestructionHangsUpOnEverybody) {
  auto options = Local();
  options.threads = 2;
  Listen(options);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->Send(i % 2 == 0 ? "GET / HT" : "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  server_.reset();
  for (const auto& client : clients) EXPECT_TRUE(client->IsHungUp());
}

TEST_F(Server, TakenPortIsUnavailable) {
  Listen(Local());
  auto options = Local();
  options.port = server_->port();
  const auto second = ListenHttp(options, Echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::ErrorCode::kUnavailable);
  options.address = "not an address";
  EXPECT_FALSE(ListenHttp(options, Echo));
}

}  // namespace
}  // namespace softmig::http
