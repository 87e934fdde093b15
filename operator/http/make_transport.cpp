#include "base/assert.hpp"
#include "http/beast_transport.hpp"
#include "http/cpprest_transport.hpp"

namespace softmig::http {

std::unique_ptr<HttpTransport> MakeTransport(TransportKind kind) {
  switch (kind) {
    case TransportKind::kCpprest: return MakeCpprestTransport();
    case TransportKind::kBeast: return MakeBeastTransport();
  }
  SM_ASSERT(false && "transport outside the enumeration");
}

}  // namespace softmig::http
