#pragma once

#include "agent/capture/capture.hpp"

namespace envoy::service::ext_proc::v3 {
class ProcessingRequest;
}

namespace softmig::agent {

/// One message of Envoy's, handed to the capture of its stream. What it holds is copied: the message may be reused afterwards.
Capture::Want Feed(const envoy::service::ext_proc::v3::ProcessingRequest& message, Capture& capture);

}  // namespace softmig::agent
