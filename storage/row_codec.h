#pragma once

#include "storage/digest.h"
#include "storage/result.h"
#include "storage/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace trialgate::storage {

/// Writes one row: a version byte, then fields in a fixed order without tags. Integers are LEB128, so that
/// the usual small ones take one byte.
class RowWriter {
 public:
  explicit RowWriter(std::uint8_t version) { bytes_.push_back(static_cast<char>(version)); }

  void integer(std::uint64_t value);
  void text(std::string_view value);
  void digest(const Digest& value);
  void time(UtcTime value);
  void flag(bool value) { integer(value ? 1 : 0); }
  template <class Enum>
  void enumerator(Enum value) {
    integer(static_cast<std::uint64_t>(value));
  }

  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what RowWriter wrote. After the first problem every field reads as its default; finish() tells.
/// Another version than the expected one is a problem, never guessed at; so are missing and surplus bytes.
class RowReader {
 public:
  RowReader(std::string_view bytes, std::uint8_t version);

  [[nodiscard]] std::uint64_t integer();
  /// An integer that must not exceed `max`.
  [[nodiscard]] std::uint64_t integer(std::uint64_t max);
  [[nodiscard]] std::string text();
  [[nodiscard]] Digest digest();
  [[nodiscard]] UtcTime time();
  [[nodiscard]] bool flag() { return integer(1) == 1; }
  /// A value of an enumeration whose enumerators are 1..last.
  template <class Enum>
  [[nodiscard]] Enum enumerator(Enum last) {
    const std::uint64_t value = integer(static_cast<std::uint64_t>(last));
    if (value == 0) problem("an enumerator is out of range");
    return static_cast<Enum>(value);
  }
  /// Bytes not read yet.
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
  [[nodiscard]] bool ok() const noexcept { return problem_.empty(); }

  /// Error: corrupt, with what was wrong. `row` names the kind of row.
  [[nodiscard]] Result<void> finish(std::string_view row) const;

 private:
  void problem(std::string what);
  [[nodiscard]] std::string_view take(std::size_t size);

  std::string_view rest_;
  std::string problem_;
};

}  // namespace trialgate::storage
