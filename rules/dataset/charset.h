#pragma once

#include "rules/dataset/dictionary.h"
#include "rules/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Opens every converter that DICOM's character sets need, and keeps them. Call it once before the process
/// gives up the file system. Any thread. Errors: invalid_configuration when the C library lacks one.
Result<void> load_character_sets();

/// The registered sets that DICOM uses with ISO 2022 (PS3.3 §C.12.1.1.2), by their ISO-IR number.
enum class CodeSet : std::uint8_t {
  ir6,
  ir100,
  ir101,
  ir109,
  ir110,
  ir144,
  ir127,
  ir126,
  ir138,
  ir148,
  ir203,
  ir166,
  ir13,
  ir87,
  ir159,
  ir149,
  ir58,
};

/// The repertoire and code extensions that Specific Character Set (0008,0005) declares for a data set or an
/// item (PS3.3 §C.12.1.1.2, PS3.5 §6.1). An item without the attribute has that of its parent.
class CharacterSet {
 public:
  /// ISO-IR 6, what applies when the attribute is absent.
  CharacterSet() = default;
  /// From the attribute's value, as on the wire. Nothing when a defined term is unknown or the combination is
  /// not allowed: then no text of that item can be determined.
  [[nodiscard]] static std::optional<CharacterSet> parse(std::string_view value);

  /// Text of an element as UTF-8, padding kept. Text in a VR that no character set governs must be ISO-IR 6.
  /// Nothing when the bytes are not valid in the declared sets. A backslash that separates values stays one.
  /// Any thread.
  [[nodiscard]] std::optional<std::string> decode(std::span<const std::uint8_t> bytes, Vr vr) const;
  /// The same, split into values (has_text_values()), leading and trailing padding of each removed as the VR
  /// allows.
  [[nodiscard]] std::optional<std::vector<std::string>> decode_values(std::span<const std::uint8_t> bytes,
                                                                      Vr vr) const;
  /// UTF-8 text into bytes of the declared sets, with the escape sequences it takes, not padded. Nothing when
  /// a character cannot be encoded. Any thread.
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> encode(std::string_view utf8, Vr vr) const;

  /// Bytes below 80H outside of escape sequences are always ASCII: false only where 5CH may be part of a
  /// character.
  [[nodiscard]] bool is_ascii_transparent() const noexcept;
  [[nodiscard]] bool is_utf8() const noexcept { return base_ == Base::utf8; }

 private:
  enum class Base : std::uint8_t { iso_2022, utf8, gb18030, gbk };

  Base base_ = Base::iso_2022;
  std::vector<CodeSet> declared_;  // the first one is designated at the start; none = ISO-IR 6
  bool extensions_ = false;        // other sets may be designated by escape sequences
};

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace trialgate::rules
