#include "rules/deidentify/identity.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cassert>

namespace trialgate::rules {
namespace {

using Mac = std::array<std::uint8_t, 32>;

/// HMAC over `purpose`, NUL, `text`: what one purpose tells is of no use for another.
Mac hmac(std::span<const std::uint8_t> key, std::string_view purpose, std::string_view text) {
  std::string message(purpose);
  message += '\0';
  message += text;
  Mac mac{};
  unsigned length = 0;
  [[maybe_unused]] const unsigned char* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(), &length);
  assert(done != nullptr && length == mac.size());
  return mac;
}

/// 128 bits, most significant byte first, in decimal without leading zeros.
std::string to_decimal(std::span<const std::uint8_t, 16> bytes) {
  unsigned __int128 number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8U | byte;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  } while (number != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string hex_of(std::span<const std::uint8_t> bytes, std::string_view digits) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 0xFU];
  }
  return text;
}

std::string_view without_padding(std::string_view uid) noexcept {
  while (!uid.empty() && (uid.back() == '\0' || uid.back() == ' ')) uid.remove_suffix(1);
  while (!uid.empty() && uid.front() == ' ') uid.remove_prefix(1);
  return uid;
}

/// Families that PS3.6 Annex A registers and DCMTK does not list one by one.
bool is_registered_family(std::string_view uid) noexcept {
  for (const std::string_view family : {"1.2.840.10008.6.1.", "1.2.840.10008.8.1.", "1.2.840.10008.7.1."}) {
    if (!uid.starts_with(family)) continue;
    const std::string_view number = uid.substr(family.size());
    return number.size() <= 4 && !number.empty() &&
           std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  return false;
}

}  // namespace

Result<Identity> Identity::create(std::span<const std::uint8_t> key) {
  if (key.size() < min_key_bytes) {
    return fail(Errc::invalid_configuration, "de-identification key: fewer than 32 bytes");
  }
  return Identity(std::vector<std::uint8_t>(key.begin(), key.end()));
}

std::string Identity::new_uid(std::string_view uid) const {
  uid = without_padding(uid);
  if (is_registered_uid(uid)) return std::string(uid);
  const Mac mac = hmac(key_, "uid", uid);
  std::array<std::uint8_t, 16> bits{};
  std::copy_n(mac.begin(), bits.size(), bits.begin());
  // Version 8 (vendor specific) and variant of RFC 9562: receivers may look at them.
  bits[6] = static_cast<std::uint8_t>((bits[6] & 0x0FU) | 0x80U);
  bits[8] = static_cast<std::uint8_t>((bits[8] & 0x3FU) | 0x80U);
  return "2.25." + to_decimal(bits);
}

std::int32_t Identity::shift_days(std::string_view subject_id, std::int32_t max_days) const {
  const Mac mac = hmac(key_, "date", subject_id);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8U | mac[i];
  const auto span = static_cast<std::uint64_t>(std::max(max_days, 1));
  const auto place = static_cast<std::int64_t>(number % (2 * span));  // 0 .. 2 * span - 1
  const std::int64_t days = place < static_cast<std::int64_t>(span)
                                ? place - static_cast<std::int64_t>(span)
                                : place - static_cast<std::int64_t>(span) + 1;
  return static_cast<std::int32_t>(days);
}

std::string Identity::hash(std::string_view text) const {
  const Mac mac = hmac(key_, "hash", without_padding(text));
  return hex_of(std::span(mac).first<8>(), "0123456789ABCDEF");
}

std::string Identity::key_check() const {
  const Mac mac = hmac(key_, "check", "");
  return hex_of(std::span(mac).first<4>(), "0123456789abcdef");
}

bool is_registered_uid(std::string_view uid) noexcept {
  if (!uid.starts_with("1.2.840.10008.") || uid.size() > 64) return false;
  if (is_registered_family(uid)) return true;
  std::array<char, 65> text{};
  std::copy(uid.begin(), uid.end(), text.begin());
  return dcmFindNameOfUID(text.data()) != nullptr;
}

}  // namespace trialgate::rules
