#include <atomic>
#include <future>

#include "transport_probe.hpp"

namespace softmig::http::testing {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

class TransportAnswers : public TransportTest {
 protected:
  /// What a server that always answers with `bytes` and hangs up leads to.
  base::Result<Response> AskOnceFor(std::string bytes, SendOptions options = {}) {
    const HostileServer server([&](Peer& peer) {
      peer.ReadRequest();
      peer.Send(bytes);
    });
    auto result = Ask(*transport_, Get(server.Url()), std::move(options));
    return result;
  }
};
SM_FOR_EACH_TRANSPORT(TransportAnswers);

TEST_P(TransportAnswers, ReturnsStatusHeadersAndBody) {
  const auto answer = AskOnceFor("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-Kind: test\r\n\r\nhello");
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(Find(answer->headers, "x-kind"), "test");
}

TEST_P(TransportAnswers, ReadsChunkedBody) {
  const auto answer = AskOnceFor(std::string(kChunkedHead) + Chunk("hello, ") + Chunk("world") + std::string(kLastChunk));
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->body, "hello, world");
}

TEST_P(TransportAnswers, ReadsBodyThatEndsWithTheConnection) {
  const auto answer = AskOnceFor("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->body, "hello");
}

TEST_P(TransportAnswers, NoContentHasNoBody) {
  const auto answer = AskOnceFor("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->body, "");
}

TEST_P(TransportAnswers, HeadAnswerHasNoBodyWhateverItsLength) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    peer.Hold();
  });
  auto request = Get(server.Url());
  request.method = Method::kHead;
  const auto answer = Ask(*transport_, request);
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->body, "");
}

TEST_P(TransportAnswers, DoesNotFollowRedirects) {
  const auto answer = AskOnceFor("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->status, 302);
}

TEST_P(TransportAnswers, InterimAnswerIsNeverTakenForAnother) {
  HostileServer server([](Peer& peer) {
    while (const auto request = peer.ReadRequest()) {
      peer.Send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      peer.Send(Ok(request->find("/first") != std::string::npos ? "first" : "second"));
    }
  });
  for (const std::string name : {"first", "second"}) {
    const auto answer = Ask(*transport_, Get(server.Url("/" + name)));
    if (answer) {
      EXPECT_EQ(answer->body, name);
    } else {
      EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
    }
  }
}

TEST_P(TransportAnswers, OptionsGoesOutAsItIs) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Ok("allowed"));
  });
  auto request = Get(server.Url("/some"));
  request.method = Method::kOptions;
  const auto answer = Ask(*transport_, request);
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->body, "allowed");
  EXPECT_TRUE(server.requests().at(0).starts_with("OPTIONS /some HTTP/1.1\r\n"));
}

TEST_P(TransportAnswers, SendsMethodTargetHeadersAndBody) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Ok(""));
  });
  auto request = Post(server.Url("/apis/x?fieldManager=a%20b&n=1"), "{\"a\":1}");
  request.method = Method::kPatch;
  request.headers = {{"Content-Type", "application/merge-patch+json"}, {"Authorization", "Bearer secret"}};
  ASSERT_TRUE(Ask(*transport_, request));
  auto sent = server.requests().at(0);
  std::erase(sent, ' ');  // the blank after a field's colon is a matter of taste
  EXPECT_TRUE(sent.starts_with("PATCH/apis/x?fieldManager=a%20b&n=1HTTP/1.1\r\n")) << sent;
  EXPECT_NE(sent.find("Host:127.0.0.1:" + std::to_string(server.port()) + "\r\n"), std::string::npos) << sent;
  EXPECT_NE(sent.find("Content-Type:application/merge-patch+json\r\n"), std::string::npos) << sent;
  EXPECT_NE(sent.find("Authorization:Bearersecret\r\n"), std::string::npos) << sent;
  EXPECT_TRUE(sent.ends_with("\r\n\r\n{\"a\":1}")) << sent;
}

TEST_P(TransportAnswers, LargeBodiesPassBothWays) {
  HostileServer server([](Peer& peer) {
    const auto request = peer.ReadRequest();
    if (request) peer.Send(Ok(request->substr(request->find("\r\n\r\n") + 4)));
  });
  std::string body(3U << 20U, 'x');
  body[1U << 20U] = 'y';
  const auto answer = Ask(*transport_, Post(server.Url(), body));
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_TRUE(answer->body == body);
}

TEST_P(TransportAnswers, SlowButSteadyHeadersArrive) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    for (const char byte : std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
      peer.Send(std::string_view(&byte, 1));
      peer.Pause(milliseconds(2));
    }
  });
  const auto answer = Ask(*transport_, Get(server.Url()));
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->body, "ok");
}

TEST_P(TransportAnswers, DeadlineEndsADripOfBytes) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (peer.Send("x")) peer.Pause(milliseconds(10));
  });
  SendOptions options;
  options.deadline = milliseconds(200);
  const auto answer = Ask(*transport_, Get(server.Url()), options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout) << answer.error().ToString();
}

TEST_P(TransportAnswers, DeadlineEndsSilence) {
  HostileServer server([](Peer& peer) { peer.Hold(); });
  SendOptions options;
  options.deadline = milliseconds(100);
  const auto answer = Ask(*transport_, Get(server.Url()), options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout) << answer.error().ToString();
  EXPECT_NE(answer.error().message.find("GET 127.0.0.1:" + std::to_string(server.port())), std::string::npos) << answer.error().message;
}

TEST_P(TransportAnswers, CloseBeforeAnswerIsUnavailable) {
  const auto answer = AskOnceFor("");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
}

TEST_P(TransportAnswers, CloseInsideABodyIsUnavailable) {
  for (const std::string bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    const auto answer = AskOnceFor(bytes);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
  }
}

TEST_P(TransportAnswers, ResetIsUnavailable) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    peer.Reset();
  });
  const auto answer = Ask(*transport_, Get(server.Url()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
}

TEST_P(TransportAnswers, RefusedConnectionIsUnavailable) {
  std::string url;
  {
    const HostileServer gone([](Peer& peer) { peer.Close(); });
    url = gone.Url();
  }
  const auto answer = Ask(*transport_, Get(url));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
}

TEST_P(TransportAnswers, GiantHeaderIsInvalid) {
  const auto answer = AskOnceFor("HTTP/1.1 200 OK\r\nX-Big: " + std::string(100'000, 'x') + "\r\nContent-Length: 0\r\n\r\n");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalid) << answer.error().ToString();
}

TEST_P(TransportAnswers, BodyOverTheLimitIsInvalid) {
  SendOptions options;
  options.max_body = 1000;
  const std::string big(1001, 'x');
  for (const auto& bytes :
       {Ok(big), std::string(kChunkedHead) + Chunk(big) + std::string(kLastChunk), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + big}) {
    const auto answer = AskOnceFor(bytes, options);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalid) << answer.error().ToString();
  }
  const auto fits = AskOnceFor(Ok(big.substr(1)), options);
  EXPECT_TRUE(fits) << fits.error().ToString();
}

TEST_P(TransportAnswers, GarbageIsInvalid) {
  for (const std::string bytes : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"}) {
    const auto answer = AskOnceFor(bytes);
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalid) << answer.error().ToString();
  }
}

TEST_P(TransportAnswers, NegativeChunkSizeDoesNoHarm) {
  SendOptions options;
  options.deadline = milliseconds(300);
  for (const std::string size : {"-2", "-5"}) {
    const auto answer = AskOnceFor(std::string(kChunkedHead) + size + "\r\nhello\r\n", options);
    EXPECT_FALSE(answer);
  }
}

TEST_P(TransportAnswers, BadRequestsNeverLeave) {
  HostileServer server([](Peer& peer) { peer.ReadRequest(); });
  auto injected = Get(server.Url());
  injected.headers = {{"X-A", "b\r\nX-Evil: 1"}};
  for (const auto& request : {injected, Get("ftp://127.0.0.1/"), Get(""), Get(server.Url("/a b"))}) {
    const auto answer = Ask(*transport_, request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_P(TransportAnswers, MessagesKeepSecretsOut) {
  HostileServer server([](Peer& peer) { peer.ReadRequest(); });
  auto request = Get(server.Url("/path?token=hunter2"));
  request.headers = {{"Authorization", "Bearer hunter2"}};
  const auto answer = Ask(*transport_, request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message.find("hunter2"), std::string::npos) << answer.error().message;
}

TEST_P(TransportAnswers, WhereSendingIsForbiddenNothingIsSent) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Hold();
  });
  SendOptions options;
  options.may_send = []() { return false; };
  const auto answer = Ask(*transport_, Post(server.Url(), "write"), options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kFenced);
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_P(TransportAnswers, RightLostWhileConnectingIsSeen) {
  std::atomic<int> asked{0};
  HostileServer server([](Peer& peer) {
    while (peer.ReadRequest()) peer.Send(Ok("done"));
  });
  ASSERT_TRUE(Ask(*transport_, Get(server.Url())));
  SendOptions options;
  options.may_send = [&]() { return ++asked > 1000; };
  const auto answer = Ask(*transport_, Post(server.Url(), "write"), options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kFenced);
  EXPECT_GE(asked, 1);
  EXPECT_EQ(server.CountRequests("write"), 0);
}

TEST_P(TransportAnswers, DestructionCancelsWhatIsOnItsWay) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Hold();
  });
  auto promise = std::make_shared<std::promise<base::Result<Response>>>();
  auto answer = promise->get_future();
  transport_->Send(Get(server.Url()), {}, [promise](base::Result<Response> result) { promise->set_value(std::move(result)); });
  ASSERT_TRUE(server.WaitForRequests(1));
  transport_.reset();
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  const auto result = answer.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
}

TEST_P(TransportAnswers, ManyAtOnceGetTheirOwnAnswers) {
  HostileServer server([](Peer& peer) {
    while (const auto request = peer.ReadRequest()) peer.Send(Ok(request->substr(0, request->find(" HTTP"))));
  });
  constexpr int kMany = 32;
  std::vector<std::future<base::Result<Response>>> answers;
  for (int i = 0; i < kMany; ++i) {
    auto promise = std::make_shared<std::promise<base::Result<Response>>>();
    answers.push_back(promise->get_future());
    transport_->Send(Get(server.Url("/" + std::to_string(i))), {},
                     [promise](base::Result<Response> result) { promise->set_value(std::move(result)); });
  }
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(answers[static_cast<std::size_t>(i)].wait_for(kHang), std::future_status::ready);
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(answer) << answer.error().ToString();
    EXPECT_EQ(answer->body, "GET /" + std::to_string(i));
  }
}

}  // namespace
}  // namespace softmig::http::testing
