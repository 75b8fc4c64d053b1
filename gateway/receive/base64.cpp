#include "gateway/receive/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace trialgate::gateway {

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text, bool url) {
  std::string padded(text);
  if (url) {
    if (padded.find_first_of("+/") != std::string::npos) return std::nullopt;
    std::ranges::replace(padded, '-', '+');
    std::ranges::replace(padded, '_', '/');
  }
  if (padded.size() % 4 != 0 && !padded.ends_with('=')) padded.append(4 - padded.size() % 4, '=');
  std::vector<std::uint8_t> bytes(padded.size() / 4 * 3);
  const int length = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(padded.data()),
                                     static_cast<int>(padded.size()));
  const auto padding = static_cast<int>(std::ranges::count(padded, '='));
  if (padding > 2 || length < padding) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length - padding));
  // OpenSSL takes white space around it, and bits that are left over: each value has one text here.
  if (to_base64(bytes) != padded) return std::nullopt;
  return bytes;
}

}  // namespace trialgate::gateway
