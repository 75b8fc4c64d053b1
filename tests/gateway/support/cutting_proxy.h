#pragma once

#include "dimse/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

namespace trialgate::gateway::test {

/// Passes connections on to a port of this host, and cuts the first ones off after so many bytes towards it.
class CuttingProxy {
 public:
  CuttingProxy(std::uint16_t target, std::size_t cut_after, int cuts)
      : target_(target), cut_after_(cut_after), cuts_(cuts) {
    boost::asio::co_spawn(io_, accept(), [](const std::exception_ptr&) {});
    thread_ = std::thread([this] { io_.run(); });
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy() {
    io_.stop();
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  using tcp = boost::asio::ip::tcp;

  struct Link {
    tcp::socket from;
    tcp::socket to;
    std::size_t left;

    void close() {
      boost::system::error_code ignored;
      from.close(ignored);
      to.close(ignored);
    }
  };

  dimse::Task<void> accept() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(dimse::use_task);
      if (error) co_return;
      const int number = ++connections_;
      auto link = std::make_shared<Link>(Link{std::move(socket), tcp::socket(io_), SIZE_MAX});
      if (number <= cuts_) link->left = cut_after_;
      boost::system::error_code refused;
      link->to.connect({boost::asio::ip::address_v4::loopback(), target_}, refused);
      boost::asio::co_spawn(io_, pump(link, true), [](const std::exception_ptr&) {});
      boost::asio::co_spawn(io_, pump(link, false), [](const std::exception_ptr&) {});
    }
  }

  static dimse::Task<void> pump(std::shared_ptr<Link> link, bool forward) {
    std::array<char, 4096> buffer{};
    tcp::socket& from = forward ? link->from : link->to;
    tcp::socket& to = forward ? link->to : link->from;
    for (;;) {
      auto [read_error, count] = co_await from.async_read_some(boost::asio::buffer(buffer), dimse::use_task);
      if (read_error) break;
      if (forward && link->left < count) break;
      if (forward && link->left != SIZE_MAX) link->left -= count;
      auto [write_error, written] =
          co_await boost::asio::async_write(to, boost::asio::buffer(buffer, count), dimse::use_task);
      if (write_error) break;
    }
    link->close();
  }

  boost::asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  const std::uint16_t port_ = acceptor_.local_endpoint().port();
  const std::uint16_t target_;
  const std::size_t cut_after_;
  const int cuts_;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace trialgate::gateway::test
