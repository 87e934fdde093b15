#include <atomic>

#include "transport_probe.hpp"

namespace softmig::http::testing {
namespace {

using base::ErrorCode;
using base::Millis;
using std::chrono::milliseconds;

constexpr Millis kIdle{20'000};

class TransportStream : public TransportTest {
 protected:
  StreamLog log_;
};
SM_FOR_EACH_TRANSPORT(TransportStream);

TEST_P(TransportStream, ChunksComeAsTheyAreSent) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(kChunkedHead);
    peer.Send(Chunk("{\"type\":\"BOOKMARK\"}\n"));
    peer.Hold();  // the chunk must not wait for the next one
  });
  const auto stream = transport_->OpenStream(Get(server.Url("/watch")), kIdle, log_.Callbacks());
  EXPECT_TRUE(log_.WaitForText("BOOKMARK"));
  EXPECT_EQ(log_.status(), 200);
  EXPECT_EQ(log_.ends(), 0);
}

TEST_P(TransportStream, CompleteAnswerEndsWell) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(kChunkedHead);
    for (int i = 0; i < 100; ++i) peer.Send(Chunk("event " + std::to_string(i) + "\n"));
    peer.Send(kLastChunk);
    peer.Hold();
  });
  const auto stream = transport_->OpenStream(Get(server.Url()), kIdle, log_.Callbacks());
  const auto end = log_.WaitForEnd();
  EXPECT_TRUE(end) << end.error().ToString();
  EXPECT_TRUE(log_.text().ends_with("event 99\n"));
  EXPECT_TRUE(log_.in_order());
  EXPECT_EQ(log_.ends(), 1);
}

TEST_P(TransportStream, StatusComesBeforeAnyChunk) {
  for (int i = 0; i < 30; ++i) {
    HostileServer server([](Peer& peer) {
      peer.ReadRequest();
      peer.Send("HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunk("expired") + std::string(kLastChunk));
      peer.Hold();
    });
    StreamLog log;
    const auto stream = transport_->OpenStream(Get(server.Url()), kIdle, log.Callbacks());
    ASSERT_TRUE(log.WaitForEnd());
    EXPECT_EQ(log.status(), 410);
    EXPECT_EQ(log.text(), "expired");
    EXPECT_TRUE(log.in_order());
  }
}

TEST_P(TransportStream, TruncatedAnswerIsUnavailable) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(std::string(kChunkedHead) + Chunk("one"));
  });
  const auto stream = transport_->OpenStream(Get(server.Url()), kIdle, log_.Callbacks());
  const auto end = log_.WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kUnavailable) << end.error().ToString();
  EXPECT_EQ(log_.text(), "one");
}

TEST_P(TransportStream, SilenceBetweenChunksIsATimeout) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(std::string(kChunkedHead) + Chunk("one"));
    peer.Hold();
  });
  const auto stream = transport_->OpenStream(Get(server.Url()), Millis(200), log_.Callbacks());
  const auto end = log_.WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kTimeout) << end.error().ToString();
}

TEST_P(TransportStream, SilenceBeforeTheHeaderIsATimeout) {
  HostileServer server([](Peer& peer) { peer.Hold(); });
  const auto stream = transport_->OpenStream(Get(server.Url()), Millis(100), log_.Callbacks());
  const auto end = log_.WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kTimeout) << end.error().ToString();
  EXPECT_EQ(log_.status(), 0);
}

TEST_P(TransportStream, SteadyChunksOutliveTheIdleLimit) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(kChunkedHead);
    for (int i = 0; i < 40; ++i) {
      peer.Send(Chunk("x"));
      peer.Pause(milliseconds(50));
    }
    peer.Send(kLastChunk);
    peer.Hold();
  });
  const auto stream = transport_->OpenStream(Get(server.Url()), Millis(1'000), log_.Callbacks());
  const auto end = log_.WaitForEnd();
  EXPECT_TRUE(end) << end.error().ToString();
  EXPECT_EQ(log_.text(), std::string(40, 'x'));
}

TEST_P(TransportStream, GarbageIsInvalid) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send("HTTP/9 nonsense\r\n\r\n");
    peer.Hold();
  });
  const auto stream = transport_->OpenStream(Get(server.Url()), kIdle, log_.Callbacks());
  const auto end = log_.WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kInvalid) << end.error().ToString();
}

TEST_P(TransportStream, BadUrlEndsInvalid) {
  const auto stream = transport_->OpenStream(Get("nonsense"), kIdle, log_.Callbacks());
  const auto end = log_.WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kInvalid);
}

TEST_P(TransportStream, DestructionHangsUpAndSilencesCallbacks) {
  HostileServer server([](Peer& peer) {
    if (peer.ReadRequest()->find("/watch") == std::string::npos) {
      peer.Send(Ok("ok"));
      return;
    }
    peer.Send(kChunkedHead);
    while (peer.Send(Chunk("event\n"))) peer.Pause(milliseconds(1));
  });
  auto stream = transport_->OpenStream(Get(server.Url("/watch")), kIdle, log_.Callbacks());
  ASSERT_TRUE(log_.WaitForText("event"));
  stream.reset();
  const auto text = log_.text();
  EXPECT_TRUE(server.WaitForFinished(1));  // the connection was closed
  ASSERT_TRUE(Ask(*transport_, Get(server.Url("/other"))));
  EXPECT_EQ(log_.text(), text);
  EXPECT_EQ(log_.ends(), 0);
}

TEST_P(TransportStream, DestructionAtAnyMomentIsSafe) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(std::string(kChunkedHead) + Chunk("a") + std::string(kLastChunk));
  });
  for (int i = 0; i < 200; ++i) {
    auto log = std::make_unique<StreamLog>();
    auto stream = transport_->OpenStream(Get(server.Url()), kIdle, log->Callbacks());
    SpinFor(std::chrono::microseconds(5 * i));
    stream.reset();
    log.reset();  // a late callback would touch freed memory
  }
}

TEST_P(TransportStream, MayBeDestroyedInsideItsOwnCallback) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(std::string(kChunkedHead) + Chunk("a"));
    peer.Hold();
  });
  std::mutex mutex;
  std::condition_variable changed;
  bool gone = false;
  std::unique_ptr<Stream> stream;
  auto callbacks = log_.Callbacks();
  callbacks.on_chunk = [&](std::string_view) {
    const std::lock_guard lock(mutex);
    stream.reset();
    gone = true;
    changed.notify_all();
  };
  {
    const std::lock_guard lock(mutex);
    stream = transport_->OpenStream(Get(server.Url()), kIdle, callbacks);
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, kHang, [&]() { return gone; }));
  lock.unlock();
  EXPECT_TRUE(server.WaitForFinished(1));
  EXPECT_EQ(log_.ends(), 0);
}

TEST_P(TransportStream, TransportMayGoFirst) {
  HostileServer server([](Peer& peer) {
    peer.ReadRequest();
    peer.Send(std::string(kChunkedHead) + Chunk("a"));
    peer.Hold();
  });
  const auto stream = transport_->OpenStream(Get(server.Url()), kIdle, log_.Callbacks());
  ASSERT_TRUE(log_.WaitForText("a"));
  transport_.reset();
  ASSERT_EQ(log_.ends(), 1);
  const auto end = log_.WaitForEnd();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kCancelled);
}

TEST_P(TransportStream, ManyStreamsAndRequestsTogether) {
  HostileServer server([](Peer& peer) {
    const auto request = peer.ReadRequest();
    if (!request) return;
    if (request->find("/watch") == std::string::npos) {
      peer.Send(Ok("ok"));
      return;
    }
    peer.Send(std::string(kChunkedHead) + Chunk("first"));
    peer.Hold();
  });
  std::vector<std::unique_ptr<StreamLog>> logs;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 16; ++i) {
    logs.push_back(std::make_unique<StreamLog>());
    streams.push_back(transport_->OpenStream(Get(server.Url("/watch")), kIdle, logs.back()->Callbacks()));
  }
  for (const auto& log : logs) EXPECT_TRUE(log->WaitForText("first"));
  EXPECT_TRUE(Ask(*transport_, Get(server.Url("/one"))));
  streams.clear();
  for (const auto& log : logs) EXPECT_EQ(log->ends(), 0);
}

}  // namespace
}  // namespace softmig::http::testing
