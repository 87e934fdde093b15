#pragma once

#include <memory>

#include "http/transport.hpp"

namespace softmig::http {

/// The transport on the C++ REST SDK. All transports of this kind share the SDK's one thread.
std::unique_ptr<HttpTransport> MakeCpprestTransport();

}  // namespace softmig::http
