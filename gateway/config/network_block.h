#pragma once

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <string>
#include <vector>

namespace trialgate::gateway {

/// Whether `text` is an IPv4 or IPv6 address, or a CIDR block of such.
[[nodiscard]] bool is_address_block(std::string text);

/// Whether a host's name or address, or a block of addresses, is this machine alone.
[[nodiscard]] bool is_loopback(std::string host);

/// Addresses that a peer may come from.
class NetworkBlocks {
 public:
  /// Each of `blocks` is_address_block().
  explicit NetworkBlocks(const std::vector<std::string>& blocks);

  /// `address` is numeric; anything else is in no block.
  [[nodiscard]] bool hold(const std::string& address) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace trialgate::gateway
