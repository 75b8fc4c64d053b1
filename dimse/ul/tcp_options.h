#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace trialgate::dimse {

/// A sender with Nagle's delay on, as DCMTK is by default, waits for our acknowledgement before the end of
/// each message, and Linux delays that by 40 ms. The kernel drops the flag by itself, so it is set after
/// every read.
inline void acknowledge_at_once(boost::asio::ip::tcp::socket& socket) noexcept {
  const int on = 1;
  if (socket.is_open()) (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/// What every connection of an association gets: Nagle's delay and delayed acknowledgements off, keep-alive
/// on.
inline void set_tcp_options(boost::asio::ip::tcp::socket& socket) noexcept {
  boost::system::error_code ignored;
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  acknowledge_at_once(socket);
}

}  // namespace trialgate::dimse
