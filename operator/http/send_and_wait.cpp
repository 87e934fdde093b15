#include <future>

#include "http/transport.hpp"

namespace softmig::http {

// The wait needs no limit of its own: the transport calls back within the request's deadline, or at its destruction.
base::Result<Response> SendAndWait(HttpTransport& transport, Request request, SendOptions options) {
  auto promise = std::make_shared<std::promise<base::Result<Response>>>();
  auto answer = promise->get_future();
  transport.Send(std::move(request), std::move(options),
                 [promise](base::Result<Response> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

}  // namespace softmig::http
