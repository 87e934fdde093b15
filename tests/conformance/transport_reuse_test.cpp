#include "transport_probe.hpp"

/// What happens to connections between two requests. The rule under test: no request is ever sent twice.
namespace softmig::http::testing {
namespace {

using base::ErrorCode;

class TransportReuse : public TransportTest {};
SM_FOR_EACH_TRANSPORT(TransportReuse);

TEST_P(TransportReuse, ConnectionIsKept) {
  HostileServer server([](Peer& peer) {
    while (peer.ReadRequest()) peer.Send(Ok("ok"));
  });
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Ask(*transport_, Get(server.Url())));
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(TransportReuse, OtherSettingsDoNotShareAConnection) {
  HostileServer server([](Peer& peer) {
    while (peer.ReadRequest()) peer.Send(Ok("ok"));
  });
  ASSERT_TRUE(Ask(*transport_, Get(server.Url())));
  ASSERT_TRUE(Ask(*transport_, Get("http://localhost:" + std::to_string(server.port()) + "/")));
  EXPECT_EQ(server.connections(), 2);
}

TEST_P(TransportReuse, ConnectionClosedWhileIdleIsReplaced) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(Ok("ok"));
  });
  for (int i = 1; i <= 4; ++i) {
    const auto answer = Ask(*transport_, Post(server.Url(), "write"));
    // The close is on its way while the next request starts; once it has come, the connection is not used again.
    if (!answer) {
      EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
    }
    ASSERT_TRUE(server.WaitForFinished(server.connections()));
  }
  EXPECT_GE(server.connections(), 3);
  EXPECT_LE(server.CountRequests("write"), 4);
}

TEST_P(TransportReuse, UnaskedBytesOnAnIdleConnectionAreNoAnswer) {
  HostileServer server([](Peer& peer) {
    while (peer.ReadRequest()) peer.Send(peer.number() == 0 ? Ok("mine") + Ok("planted") : Ok("mine"));
  });
  for (int i = 0; i < 3; ++i) {
    const auto answer = Ask(*transport_, Get(server.Url()));
    if (answer) {
      EXPECT_EQ(answer->body, "mine");
    }
  }
}

TEST_P(TransportReuse, RequestOnADyingConnectionIsNotRepeated) {
  for (const auto method : {Method::kPost, Method::kGet, Method::kDelete, Method::kPatch}) {
    HostileServer server([](Peer& peer) {
      peer.ReadRequest();
      peer.Send(Ok("ok"));
      peer.ReadRequest();  // taken, perhaps carried out, never answered
    });
    ASSERT_TRUE(Ask(*transport_, Get(server.Url("/first"))));
    auto request = Get(server.Url("/second"));
    request.method = method;
    if (method == Method::kPost || method == Method::kPatch) request.body = "write";
    const auto answer = Ask(*transport_, request);
    ASSERT_FALSE(answer) << Name(method);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
    const auto third = Ask(*transport_, Get(server.Url("/third")));
    EXPECT_TRUE(third) << Name(method) << ": " << third.error().ToString();
    EXPECT_EQ(server.CountRequests("/second"), 1) << Name(method);
  }
}

TEST_P(TransportReuse, ConnectionCloseIsHonoured) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    peer.Hold();
  });
  for (int i = 0; i < 3; ++i) {
    const auto answer = Ask(*transport_, Post(server.Url(), "write"));
    ASSERT_TRUE(answer) << answer.error().ToString();
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST_P(TransportReuse, AnAbandonedAnswerDoesNotReachTheNextRequest) {
  HostileServer server([](Peer& peer) {
    while (const auto request = peer.ReadRequest()) {
      if (request->find("/slow") != std::string::npos) peer.Pause(std::chrono::milliseconds(300));
      peer.Send(Ok(request->find("/slow") != std::string::npos ? "slow" : "quick"));
    }
  });
  SendOptions options;
  options.deadline = base::Millis(50);
  const auto slow = Ask(*transport_, Get(server.Url("/slow")), options);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::kTimeout);
  const auto quick = Ask(*transport_, Get(server.Url("/quick")));
  ASSERT_TRUE(quick) << quick.error().ToString();
  EXPECT_EQ(quick->body, "quick");
}

}  // namespace
}  // namespace softmig::http::testing
