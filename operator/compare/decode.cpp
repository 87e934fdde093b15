#include "compare/decode.hpp"

#include <brotli/decode.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "model/text_rules.hpp"

namespace softmig::compare {
namespace {

constexpr std::size_t kFirstBytes = std::size_t{16} << 10U;
constexpr int kGzipOrZlib = 15 + 32;  // zlib looks at the beginning
constexpr int kRawDeflate = -15;

/// Makes more room behind `used` bytes; false where there is as much as allowed. One byte more than `most`, to see that there is more.
bool Grow(std::string& memory, std::size_t used, std::size_t most) {
  if (used < memory.size()) return true;
  if (memory.size() > most) return false;
  memory.resize(std::min(std::max(kFirstBytes, memory.size() * 2), most + 1));
  return true;
}

Decoded Finish(std::string& memory, std::size_t used, std::size_t most) {
  if (used > most) return {Reason::kTooLarge, {}};
  return {Reason::kNone, std::string_view(memory).substr(0, used)};
}

class Inflater {
 public:
  explicit Inflater(int window_bits) : is_ready_(inflateInit2(&stream_, window_bits) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (is_ready_) inflateEnd(&stream_);
  }

  Decoded Run(std::string_view body, std::size_t most, std::string& memory) {
    if (!is_ready_ || body.size() > std::numeric_limits<uInt>::max()) return {Reason::kEncoding, {}};
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib's old interface; it only reads
    stream_.avail_in = static_cast<uInt>(body.size());
    memory.resize(std::min(memory.capacity(), most + 1));
    std::size_t used = 0;
    while (true) {
      if (!Grow(memory, used, most)) return {Reason::kTooLarge, {}};
      stream_.next_out = reinterpret_cast<Bytef*>(memory.data() + used);
      stream_.avail_out = static_cast<uInt>(memory.size() - used);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      used = memory.size() - stream_.avail_out;
      if (result == Z_STREAM_END) {
        if (stream_.avail_in == 0) return Finish(memory, used, most);
        if (inflateReset(&stream_) != Z_OK) return {Reason::kEncoding, {}};  // gzip files may be joined
      } else if (result != Z_OK && (result != Z_BUF_ERROR || stream_.avail_out > 0)) {
        return {Reason::kEncoding, {}};
      }
    }
  }

 private:
  z_stream stream_{};
  bool is_ready_;
};

/// Servers send what HTTP calls deflate (zlib's frame) also without the frame.
Decoded InflateDeflate(std::string_view body, std::size_t most, std::string& memory) {
  const Decoded framed = Inflater(kGzipOrZlib).Run(body, most, memory);
  return framed.reason == Reason::kEncoding ? Inflater(kRawDeflate).Run(body, most, memory) : framed;
}

Decoded DecodeBrotli(std::string_view body, std::size_t most, std::string& memory) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
  if (!state) return {Reason::kEncoding, {}};
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(body.data());
  std::size_t left_in = body.size();
  memory.resize(std::min(memory.capacity(), most + 1));
  std::size_t used = 0;
  while (true) {
    if (!Grow(memory, used, most)) return {Reason::kTooLarge, {}};
    auto* next_out = reinterpret_cast<std::uint8_t*>(memory.data() + used);
    std::size_t left_out = memory.size() - used;
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(state.get(), &left_in, &next_in, &left_out, &next_out, nullptr);
    used = memory.size() - left_out;
    if (result == BROTLI_DECODER_RESULT_SUCCESS && left_in == 0) return Finish(memory, used, most);
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return {Reason::kEncoding, {}};
  }
}

}  // namespace

Decoded Decode(std::string_view encoding, std::string_view body, std::size_t most, std::string& memory) {
  const std::string name = model::LowerAscii(std::string(encoding));
  if (name.empty() || name == "identity" || body.empty()) {
    return body.size() > most ? Decoded{Reason::kTooLarge, {}} : Decoded{Reason::kNone, body};
  }
  if (name == "gzip" || name == "x-gzip") return Inflater(kGzipOrZlib).Run(body, most, memory);
  if (name == "deflate") return InflateDeflate(body, most, memory);
  if (name == "br") return DecodeBrotli(body, most, memory);
  return {Reason::kEncoding, {}};
}

}  // namespace softmig::compare
