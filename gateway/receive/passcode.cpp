#include "gateway/receive/passcode.h"

#include "gateway/receive/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace trialgate::gateway {
namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::uint64_t most_memory = 64ULL << 20;

struct ScryptHash {
  std::uint64_t cost = 16384;
  std::uint64_t block = 8;
  std::uint64_t parallel = 1;
  std::vector<std::uint8_t> salt;
  std::vector<std::uint8_t> hash;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ScryptHash> parse(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = text.find(':');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, end);
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  const auto cost = number(parts[1]);
  const auto block = number(parts[2]);
  const auto parallel = number(parts[3]);
  auto salt = from_base64(parts[4]);
  auto hash = from_base64(parts[5]);
  if (parts[0] != "scrypt" || !cost || !block || !parallel || !salt || !hash) return std::nullopt;
  if (salt->size() < salt_bytes || hash->size() != hash_bytes) return std::nullopt;
  // OpenSSL says whether these parameters are in order and keep to the memory.
  if (EVP_PBE_scrypt(nullptr, 0, nullptr, 0, *cost, *block, *parallel, most_memory, nullptr, 0) != 1)
    return std::nullopt;
  return ScryptHash{*cost, *block, *parallel, std::move(*salt), std::move(*hash)};
}

std::vector<std::uint8_t> scrypt(std::string_view passcode, const ScryptHash& with) {
  std::vector<std::uint8_t> hash(hash_bytes);
  if (EVP_PBE_scrypt(passcode.data(), passcode.size(), with.salt.data(), with.salt.size(), with.cost,
                     with.block, with.parallel, most_memory, hash.data(), hash.size()) != 1)
    return {};
  return hash;
}

}  // namespace

std::string hash_passcode(std::string_view passcode) {
  ScryptHash made;
  made.salt.resize(salt_bytes);
  if (RAND_bytes(made.salt.data(), static_cast<int>(made.salt.size())) != 1) return {};
  made.hash = scrypt(passcode, made);
  return "scrypt:" + std::to_string(made.cost) + ':' + std::to_string(made.block) + ':' +
         std::to_string(made.parallel) + ':' + to_base64(made.salt) + ':' + to_base64(made.hash);
}

bool is_passcode_hash(std::string_view text) {
  return parse(text).has_value();
}

bool is_passcode(std::string_view passcode, std::string_view hash) {
  const auto wanted = parse(hash);
  if (!wanted) return false;
  const auto got = scrypt(passcode, *wanted);
  return got.size() == wanted->hash.size() && CRYPTO_memcmp(got.data(), wanted->hash.data(), got.size()) == 0;
}

}  // namespace trialgate::gateway
