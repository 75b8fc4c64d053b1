#include "storage/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace trialgate::storage {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// OpenSSL without SHA-256, or without memory for its context: no data path can go on.
void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

}  // namespace

Result<Digest> Digest::from_hex(std::string_view text) {
  if (text.size() != 2 * size_bytes)
    return fail(Errc::invalid_argument, "a digest has 64 hexadecimal digits");
  Bytes bytes{};
  for (std::size_t i = 0; i < size_bytes; ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return fail(Errc::invalid_argument, "a digest has lower-case hexadecimal digits only");
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Digest(bytes);
}

Result<Digest> Digest::from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != size_bytes) return fail(Errc::invalid_argument, "a digest has 32 bytes");
  Bytes copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return Digest(copy);
}

Digest Digest::of(std::span<const std::uint8_t> bytes) {
  DigestBuilder builder;
  builder.update(bytes);
  return builder.finish();
}

std::string Digest::hex() const {
  std::string text;
  text.reserve(2 * size_bytes);
  for (const std::uint8_t byte : bytes_) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
  return text;
}

DigestBuilder::DigestBuilder() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

DigestBuilder::~DigestBuilder() = default;
DigestBuilder::DigestBuilder(DigestBuilder&&) noexcept = default;
DigestBuilder& DigestBuilder::operator=(DigestBuilder&&) noexcept = default;

void DigestBuilder::FreeContext::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

void DigestBuilder::update(std::span<const std::uint8_t> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Digest DigestBuilder::finish() {
  Digest::Bytes bytes{};
  require(EVP_DigestFinal_ex(context_.get(), bytes.data(), nullptr) == 1);
  return Digest(bytes);
}

}  // namespace trialgate::storage
