#include "gateway/config/network_block.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cstdlib>

namespace trialgate::gateway {
namespace ip = boost::asio::ip;

bool is_address_block(std::string text) {
  // A zone is this host's own name for a link; no peer's address is compared with one.
  if (text.find('%') != std::string::npos) return false;
  const bool is_v6 = text.find(':') != std::string::npos;
  if (text.find('/') == std::string::npos) text += is_v6 ? "/128" : "/32";
  boost::system::error_code error;
  if (is_v6) {
    ip::make_network_v6(text, error);
  } else {
    ip::make_network_v4(text, error);
  }
  return !error;
}

bool is_loopback(std::string host) {
  if (host == "localhost") return true;
  const std::size_t slash = host.find('/');
  const bool narrow = slash == std::string::npos || host.find(':') != std::string::npos
                          ? slash == std::string::npos || host.substr(slash) == "/128"
                          : std::atoi(host.c_str() + slash + 1) >= 8;
  boost::system::error_code error;
  const auto address = ip::make_address(host.substr(0, slash), error);
  return !error && narrow && address.is_loopback();
}

NetworkBlocks::NetworkBlocks(const std::vector<std::string>& blocks) {
  for (const std::string& block : blocks) {
    const bool is_v6 = block.find(':') != std::string::npos;
    const bool is_single = block.find('/') == std::string::npos;
    if (is_v6) {
      v6_.push_back(ip::make_network_v6(is_single ? block + "/128" : block));
    } else {
      v4_.push_back(ip::make_network_v4(is_single ? block + "/32" : block));
    }
  }
}

bool NetworkBlocks::hold(const std::string& address) const {
  boost::system::error_code error;
  const ip::address parsed = ip::make_address(address, error);
  if (error) return false;
  if (parsed.is_v4()) {
    return std::ranges::any_of(v4_, [&](const ip::network_v4& block) {
      return ip::network_v4(parsed.to_v4(), block.prefix_length()).canonical() == block.canonical();
    });
  }
  return std::ranges::any_of(v6_, [&](const ip::network_v6& block) {
    return ip::network_v6(parsed.to_v6(), block.prefix_length()).canonical() == block.canonical();
  });
}

}  // namespace trialgate::gateway
