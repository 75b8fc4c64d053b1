#include "dimse/ul/transport.h"

#include "dimse/ul/tcp_options.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace trialgate::dimse {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
    set_tcp_options(socket_);
  }

  Task<ReadResult> read_some(std::span<std::uint8_t> buffer) override {
    auto [error, count] =
        co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), use_task);
    acknowledge_at_once(socket_);
    co_return ReadResult{error, count};
  }

  Task<error_code> write(std::span<const std::uint8_t> bytes) override {
    auto [error, count] =
        co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), use_task);
    co_return error;
  }

  void write_now(std::span<const std::uint8_t> bytes) noexcept override {
    if (socket_.is_open())
      (void)::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  void shutdown_send() noexcept override {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<TcpTransport>(std::move(socket));
}

}  // namespace trialgate::dimse
