#pragma once

#include <memory>

#include "http/transport.hpp"

namespace softmig::http {

/// The transport on Boost.Beast: one thread of its own, destroyed from any other thread.
std::unique_ptr<HttpTransport> MakeBeastTransport();

}  // namespace softmig::http
