#pragma once

#include "storage/result.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace trialgate::storage {

/// A SHA-256 value (FIPS 180-4): the name of a blob and the link of the audit chain.
class Digest {
 public:
  static constexpr std::size_t size_bytes = 32;
  using Bytes = std::array<std::uint8_t, size_bytes>;

  /// All zero: the `prev_hash` of the first audit record; never the name of a blob.
  constexpr Digest() = default;
  constexpr explicit Digest(const Bytes& bytes) : bytes_(bytes) {}

  /// Reads exactly 64 lower-case hexadecimal digits. Error: invalid_argument.
  [[nodiscard]] static Result<Digest> from_hex(std::string_view text);
  /// Takes exactly 32 bytes. Error: invalid_argument.
  [[nodiscard]] static Result<Digest> from_bytes(std::span<const std::uint8_t> bytes);
  /// SHA-256 of `bytes`.
  [[nodiscard]] static Digest of(std::span<const std::uint8_t> bytes);

  /// 64 lower-case hexadecimal digits.
  [[nodiscard]] std::string hex() const;
  [[nodiscard]] constexpr const Bytes& bytes() const noexcept { return bytes_; }

  friend constexpr auto operator<=>(const Digest&, const Digest&) = default;

 private:
  Bytes bytes_{};
};

/// Computes a SHA-256 over bytes that come in pieces. One thread at a time.
class DigestBuilder {
 public:
  DigestBuilder();
  ~DigestBuilder();
  DigestBuilder(DigestBuilder&&) noexcept;
  DigestBuilder& operator=(DigestBuilder&&) noexcept;

  void update(std::span<const std::uint8_t> bytes);
  /// The digest of everything given so far. The builder is spent afterwards.
  [[nodiscard]] Digest finish();

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};

}  // namespace trialgate::storage

template <>
struct std::hash<trialgate::storage::Digest> {
  std::size_t operator()(const trialgate::storage::Digest& digest) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, digest.bytes().data(), sizeof value);
    return value;
  }
};
