#include "rules/trial/sha256.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace trialgate::rules {

std::string sha256_hex(std::string_view bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    text += hex[byte >> 4U];
    text += hex[byte & 0x0FU];
  }
  return text;
}

}  // namespace trialgate::rules
