#pragma once

#include <cpprest/astreambuf.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace softmig::http {

/// The many virtuals of an SDK stream buffer that ours have no use for. Never seekable by itself, never read or written.
class PlainStreambuf : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  bool has_size() const override { return false; }
  size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(size_t, std::ios_base::openmode) override {}
  size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return static_cast<pos_type>(traits::eof()); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return static_cast<pos_type>(traits::eof()); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override { return static_cast<pos_type>(traits::eof()); }
  bool acquire(std::uint8_t*& place, size_t& count) override {
    place = nullptr;
    count = 0;
    return false;
  }
  void release(std::uint8_t*, size_t) override {}

 protected:
  using streambuf_state_manager::streambuf_state_manager;
  pplx::task<int_type> _putc(std::uint8_t) override { return End(); }
  pplx::task<size_t> _putn(const std::uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  pplx::task<int_type> _bumpc() override { return End(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return End(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return End(); }
  pplx::task<int_type> _ungetc() override { return End(); }
  pplx::task<size_t> _getn(std::uint8_t*, size_t) override { return pplx::task_from_result<size_t>(0); }
  size_t _scopy(std::uint8_t*, size_t) override { return 0; }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(size_t) override { return nullptr; }
  void _commit(size_t) override {}

 private:
  static pplx::task<int_type> End() { return pplx::task_from_result<int_type>(traits::eof()); }
};

/// Where an answer's body goes: each piece to `take` on the SDK's thread; `take` says false to end the exchange.
/// Overrides the public functions: those of the base react to a failed task by closing the buffer and waiting for that,
/// on the very thread that would have to do it.
class AnswerSink final : public PlainStreambuf {
 public:
  using Take = std::function<bool(const char* data, std::size_t size)>;
  explicit AnswerSink(Take take) : PlainStreambuf(std::ios_base::out), take_(std::move(take)) {}
  bool can_seek() const override { return false; }
  pplx::task<size_t> putn(const std::uint8_t* data, size_t size) override {
    if (take_(reinterpret_cast<const char*>(data), size)) return pplx::task_from_result(size);
    return pplx::task_from_exception<size_t>(std::runtime_error("answer not wanted"));
  }
  pplx::task<size_t> putn_nocopy(const std::uint8_t* data, size_t size) override { return putn(data, size); }

 private:
  Take take_;
};

/// Where a request's body comes from. Asks `may_send` before it gives the first byte: a request whose body never comes is
/// not carried out. It claims to be seekable, so that a re-send by the SDK gets as far as the check that stops it
/// (CpprestSlot), which also closes the connection; a refused seek would leave an unconnected one in the SDK's pool.
class BodySource final : public PlainStreambuf {
 public:
  BodySource(std::string body, std::function<bool()> may_send)
      : PlainStreambuf(std::ios_base::in), body_(std::move(body)), may_send_(std::move(may_send)) {}
  bool can_seek() const override { return true; }
  pos_type seekpos(pos_type position, std::ios_base::openmode) override { return position; }
  pplx::task<size_t> getn(std::uint8_t* place, size_t wanted) override {  // public for AnswerSink's reason
    if (given_ == 0 && !may_send_()) return pplx::task_from_exception<size_t>(std::runtime_error("not sent"));
    const size_t size = std::min(wanted, body_.size() - given_);
    body_.copy(reinterpret_cast<char*>(place), size, given_);
    given_ += size;
    return pplx::task_from_result(size);
  }

 private:
  std::string body_;
  std::function<bool()> may_send_;
  std::size_t given_ = 0;
};

}  // namespace softmig::http
