#pragma once

#include <cpprest/http_client.h>

#include <boost/asio/io_service.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "http/client_common.hpp"
#include "http/cpprest_slot.hpp"

namespace softmig::http {

class CpprestExchange;

/// What the exchanges of one transport share. Belongs to the SDK's thread.
struct CpprestCore {
  SlotCache slots;
  std::unordered_map<CpprestExchange*, std::shared_ptr<CpprestExchange>> live;
  bool closed = false;
};

/// The executor of the SDK's one thread.
boost::asio::io_service& SdkService();

/// One request and its answer, sent at most once:
///   Start → Launch (again where a kept connection was found dead before sending) → OnHeader → OnBody ⟲ → OnAnswerEnd
/// Finish runs once and may come at any time; what the SDK reports later is observed and dropped. Every method runs on
/// the SDK's thread, none lets an exception out.
class CpprestExchange : public std::enable_shared_from_this<CpprestExchange> {
 public:
  CpprestExchange(std::shared_ptr<CpprestCore> core, ExchangePlan plan);
  void Start();
  /// Ends it with kCancelled where it has not ended yet.
  void Cancel();

 private:
  void ArmTimer();
  void Launch();
  [[nodiscard]] web::http::http_request MakeRequest();
  void SetBody(web::http::http_request& request);
  void OnHeader(const pplx::task<web::http::http_response>& answer);
  void OnStatus(const web::http::http_response& response);
  bool OnBody(const char* data, std::size_t size);
  void OnAnswerEnd(const pplx::task<web::http::http_response>& answer);
  void Fail(const std::string& what);
  void Finish(base::Status status);
  void Finish(base::ErrorCode code, std::string_view reason);

  std::shared_ptr<CpprestCore> core_;
  ExchangePlan plan_;
  boost::asio::steady_timer timer_;
  pplx::cancellation_token_source cancel_;
  std::unique_ptr<CpprestSlot> slot_;
  std::string early_;         ///< body that came before its status
  std::size_t received_ = 0;  ///< body bytes
  bool status_known_ = false;
  bool finished_ = false;
};

}  // namespace softmig::http
