#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "transport_probe.hpp"

namespace softmig::http::testing {
namespace {

using base::ErrorCode;

/// A folder that goes with the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = std::filesystem::temp_directory_path() / "softmig-tls-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string Write(const std::string& name, const std::string& text) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::trunc) << text;
    return file;
  }

 private:
  std::filesystem::path path_;
};

void AnswerAll(Peer& peer) {
  while (peer.ReadRequest()) peer.Send(Ok("secure"));
}

class TransportTls : public TransportTest {
 protected:
  Identity ServerIdentity(const std::string& alt_names = "IP:127.0.0.1,DNS:localhost") const {
    CertSpec spec;
    spec.common_name = "127.0.0.1";
    spec.alt_names = alt_names;
    return ca_.Issue(spec);
  }
  TlsSettings Trusting() const {
    TlsSettings settings;
    settings.ca_pem = ca_.cert_pem();
    return settings;
  }
  base::Result<Response> AskOver(const HostileServer& server, const TlsSettings& settings, std::string url = {}) {
    auto request = Get(url.empty() ? server.Url("/x?secret=hunter2") : std::move(url));
    request.tls = std::make_shared<const TlsSettings>(settings);
    return Ask(*transport_, request);
  }
  static void ExpectRefused(const base::Result<Response>& answer, const HostileServer& server, std::string_view reason) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
    EXPECT_NE(answer.error().message.find(reason), std::string::npos) << answer.error().message;
    EXPECT_EQ(answer.error().message.find("hunter2"), std::string::npos);
    EXPECT_EQ(server.requests().size(), 0U);
  }

  TestCa ca_{"right authority"};
};
SM_FOR_EACH_TRANSPORT(TransportTls);

TEST_P(TransportTls, RightAuthorityAndAddressAreAccepted) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  const auto answer = AskOver(server, Trusting());
  ASSERT_TRUE(answer) << answer.error().ToString();
  EXPECT_EQ(answer->body, "secure");
}

TEST_P(TransportTls, RightNameIsAccepted) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity("DNS:localhost"), ""});
  const auto answer = AskOver(server, Trusting(), "https://localhost:" + std::to_string(server.port()) + "/");
  EXPECT_TRUE(answer) << answer.error().ToString();
}

TEST_P(TransportTls, ConnectionIsKept) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  auto request = Get(server.Url());
  request.tls = std::make_shared<const TlsSettings>(Trusting());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Ask(*transport_, request));
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(TransportTls, UnknownAuthorityIsRefused) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  TlsSettings settings;
  settings.ca_pem = TestCa("another authority").cert_pem();
  ExpectRefused(AskOver(server, settings), server, "certificate");
}

TEST_P(TransportTls, SystemAuthoritiesDoNotKnowOurs) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  auto request = Get(server.Url("/x?secret=hunter2"));
  ExpectRefused(Ask(*transport_, request), server, "TLS");
}

TEST_P(TransportTls, CommonNameIsNoProof) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity("DNS:other.example"), ""});
  ExpectRefused(AskOver(server, Trusting()), server, "IP address mismatch");
  const HostileServer bare(AnswerAll, ServerTls{ServerIdentity(""), ""});
  ExpectRefused(AskOver(bare, Trusting()), bare, "IP address mismatch");
}

TEST_P(TransportTls, OtherHostNameIsRefused) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity("DNS:other.example"), ""});
  const auto url = "https://localhost:" + std::to_string(server.port()) + "/";
  ExpectRefused(AskOver(server, Trusting(), url), server, "hostname mismatch");
}

TEST_P(TransportTls, ServerNameReplacesTheUrlsHost) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity("DNS:api.internal"), ""});
  auto settings = Trusting();
  settings.server_name = "api.internal";
  const auto answer = AskOver(server, settings);
  EXPECT_TRUE(answer) << answer.error().ToString();
  settings.server_name = "api.external";
  EXPECT_FALSE(AskOver(server, settings));
}

TEST_P(TransportTls, ExpiredCertificateIsRefused) {
  CertSpec spec;
  spec.common_name = "127.0.0.1";
  spec.alt_names = "IP:127.0.0.1";
  spec.valid_from_s = -7'200;
  spec.valid_until_s = -3'600;
  const HostileServer server(AnswerAll, ServerTls{ca_.Issue(spec), ""});
  ExpectRefused(AskOver(server, Trusting()), server, "expired");
}

TEST_P(TransportTls, VerificationCanBeSwitchedOffByTheUser) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity("DNS:other.example"), ""});
  TlsSettings settings;
  settings.insecure_skip_verify = true;
  const auto answer = AskOver(server, settings);
  EXPECT_TRUE(answer) << answer.error().ToString();
}

TEST_P(TransportTls, PlainServerBehindHttpsIsUnavailable) {
  const HostileServer server([](Peer& peer) {
    peer.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.Hold();
  });
  const auto answer = AskOver(server, Trusting(), "https://127.0.0.1:" + std::to_string(server.port()) + "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().ToString();
}

TEST_P(TransportTls, ClientCertificateIsShown) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ca_.cert_pem()});
  auto settings = Trusting();
  const auto without = AskOver(server, settings);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::kUnavailable) << without.error().ToString();
  CertSpec spec;
  spec.common_name = "operator";
  const auto mine = ca_.Issue(spec);
  settings.client_cert_pem = mine.cert_pem;
  settings.client_key_pem = mine.key_pem;
  const auto with = AskOver(server, settings);
  EXPECT_TRUE(with) << with.error().ToString();
}

TEST_P(TransportTls, RotatedFilesAreReadForTheNextConnection) {
  const ScratchFolder folder;
  const HostileServer server(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      },
      ServerTls{ServerIdentity(), ca_.cert_pem()});
  CertSpec spec;
  spec.common_name = "operator";
  const auto good = ca_.Issue(spec);
  const auto bad = TestCa("retired authority").Issue(spec);
  TlsSettings settings;
  settings.ca_file = folder.Write("ca.crt", ca_.cert_pem());
  settings.client_cert_file = folder.Write("tls.crt", bad.cert_pem);
  settings.client_key_file = folder.Write("tls.key", bad.key_pem);
  auto request = Get(server.Url());
  request.tls = std::make_shared<const TlsSettings>(settings);
  EXPECT_FALSE(Ask(*transport_, request));
  folder.Write("tls.crt", good.cert_pem);
  folder.Write("tls.key", good.key_pem);
  const auto answer = Ask(*transport_, request);
  EXPECT_TRUE(answer) << answer.error().ToString();
}

TEST_P(TransportTls, UnreadableFilesAreNamed) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  TlsSettings settings;
  settings.ca_file = "/nonexistent/ca.crt";
  ExpectRefused(AskOver(server, settings), server, "/nonexistent/ca.crt");
  settings = Trusting();
  settings.client_cert_pem = "nonsense";
  settings.client_key_pem = "nonsense";
  ExpectRefused(AskOver(server, settings), server, "client certificate given as text");
}

TEST_P(TransportTls, RightLostDuringTheHandshakeIsSeen) {
  std::atomic<bool> may_send{true};
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  SendOptions options;
  options.may_send = [&]() { return may_send.exchange(false) && GetParam() == TransportKind::kCpprest; };
  auto request = Get(server.Url());
  request.method = Method::kDelete;
  request.tls = std::make_shared<const TlsSettings>(Trusting());
  const auto answer = Ask(*transport_, request, options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kFenced) << answer.error().ToString();
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_P(TransportTls, StreamsRunOverTls) {
  const HostileServer server(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Send(std::string(kChunkedHead) + Chunk("event"));
        peer.Hold();
      },
      ServerTls{ServerIdentity(), ""});
  auto request = Get(server.Url());
  request.tls = std::make_shared<const TlsSettings>(Trusting());
  StreamLog log;
  const auto stream = transport_->OpenStream(request, base::Millis(20'000), log.Callbacks());
  EXPECT_TRUE(log.WaitForText("event"));
}

TEST_P(TransportTls, StreamsMayBeDroppedInsideTheHandshake) {
  const HostileServer server(AnswerAll, ServerTls{ServerIdentity(), ""});
  auto request = Get(server.Url());
  request.tls = std::make_shared<const TlsSettings>(Trusting());
  for (int i = 0; i < 60; ++i) {
    StreamLog log;
    auto stream = transport_->OpenStream(request, base::Millis(20'000), log.Callbacks());
    SpinFor(std::chrono::microseconds(100 * i));
    stream.reset();
  }
  EXPECT_TRUE(Ask(*transport_, request));
}

}  // namespace
}  // namespace softmig::http::testing
