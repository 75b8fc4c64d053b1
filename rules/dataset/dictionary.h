#pragma once

#include "rules/result.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// Data Element Tag (PS3.5 §7.1): group and element number.
class Tag {
 public:
  constexpr Tag() noexcept = default;
  constexpr explicit Tag(std::uint32_t value) noexcept : value_(value) {}
  constexpr Tag(std::uint16_t group, std::uint16_t element) noexcept
      : value_(static_cast<std::uint32_t>(group) << 16U | element) {}

  [[nodiscard]] constexpr std::uint32_t value() const noexcept { return value_; }
  [[nodiscard]] constexpr std::uint16_t group() const noexcept {
    return static_cast<std::uint16_t>(value_ >> 16U);
  }
  [[nodiscard]] constexpr std::uint16_t element() const noexcept {
    return static_cast<std::uint16_t>(value_ & 0xFFFFU);
  }
  /// Private data element (PS3.5 §7.8): odd group.
  [[nodiscard]] constexpr bool is_private() const noexcept { return (group() & 1U) != 0; }
  /// Private Creator that reserves a block (PS3.5 §7.8.1): (gggg,0010-00FF), gggg odd.
  [[nodiscard]] constexpr bool is_private_creator() const noexcept {
    return is_private() && element() >= 0x10 && element() <= 0xFF;
  }
  /// Retired Group Length (gggg,0000) (PS3.5 §7.2).
  [[nodiscard]] constexpr bool is_group_length() const noexcept { return element() == 0; }

  friend constexpr auto operator<=>(Tag, Tag) noexcept = default;

 private:
  std::uint32_t value_ = 0;
};

/// "(gggg,eeee)", upper-case hexadecimal.
[[nodiscard]] std::string to_string(Tag tag);
/// Reads "(gggg,eeee)" or "gggg,eeee", either case.
[[nodiscard]] std::optional<Tag> parse_tag(std::string_view text) noexcept;

/// Value Representation (PS3.5 §6.2). `unknown` is a VR that this edition does not define; `un` is UN.
enum class Vr : std::uint8_t {
  ae,
  as,
  at,
  cs,
  da,
  ds,
  dt,
  fl,
  fd,
  is,
  lo,
  lt,
  ob,
  od,
  of,
  ol,
  ov,
  ow,
  pn,
  sh,
  sl,
  sq,
  ss,
  st,
  sv,
  tm,
  uc,
  ui,
  ul,
  un,
  ur,
  us,
  ut,
  uv,
  unknown,
};

/// The two letters; "??" for unknown.
[[nodiscard]] std::string_view to_string(Vr vr) noexcept;
/// `unknown` when the two letters are no VR of PS3.5.
[[nodiscard]] Vr parse_vr(char first, char second) noexcept;
/// Character data that Specific Character Set (0008,0005) governs (PS3.5 §6.1.2.3): LO LT PN SH ST UC UT.
[[nodiscard]] bool uses_character_set(Vr vr) noexcept;
/// Character data of any kind: the above and AE AS CS DA DS DT IS TM UI UR.
[[nodiscard]] bool is_text(Vr vr) noexcept;
/// Character data in which a backslash separates values (PS3.5 §6.4): all but LT ST UR UT.
[[nodiscard]] bool has_text_values(Vr vr) noexcept;
/// Bytes of one binary value (AT FD FL SL SS SV UL US UV, OD OF OL OV OW); 1 for everything else.
[[nodiscard]] std::size_t value_bytes(Vr vr) noexcept;
/// Explicit VR header with a 32-bit length (PS3.5 Table 7.1-1).
[[nodiscard]] bool has_long_length(Vr vr) noexcept;

/// One row of PS3.6, or of a vendor's private dictionary.
struct DictionaryEntry {
  Tag tag;                   ///< of a repeating group: the lowest (6000,eeee)
  std::string_view keyword;  ///< PS3.6 keyword; of a private attribute the vendor's name or empty
  Vr vr = Vr::un;            ///< when PS3.6 allows several: the one that implicit VR has (OW, US)
  bool vr_varies = false;    ///< OB or OW, US or SS: depends on other attributes
  std::uint16_t vm_min = 1;
  std::uint16_t vm_max = 1;  ///< 0 = n
  bool retired = false;
};

/// Reads the data dictionary: DCMTK's dicom.dic and private.dic from disk, and the attributes that are newer
/// than those. Call it once before the process gives up the file system; every look-up also does it, the
/// first time. Any thread. Errors: invalid_configuration when DCMTK's dictionary cannot be read.
Result<void> load_dictionary();

/// The public attribute of `tag`: repeating groups (50xx, 60xx) included, private tags never. Null when not
/// known. Valid for the life of the process. Any thread.
[[nodiscard]] const DictionaryEntry* lookup(Tag tag) noexcept;
/// The public attribute of a PS3.6 keyword (case matters). Null when not known.
[[nodiscard]] const DictionaryEntry* lookup(std::string_view keyword) noexcept;
/// The private attribute of `creator` with the group and the low element byte of `tag` (its block does not
/// matter).
[[nodiscard]] const DictionaryEntry* lookup_private(Tag tag, std::string_view creator) noexcept;

/// Keyword of a known public tag, "(gggg,eeee)" otherwise. For messages and paths.
[[nodiscard]] std::string keyword_or_tag(Tag tag);

namespace tags {
inline constexpr Tag specific_character_set{0x0008, 0x0005};
inline constexpr Tag sop_class_uid{0x0008, 0x0016};
inline constexpr Tag sop_instance_uid{0x0008, 0x0018};
inline constexpr Tag study_instance_uid{0x0020, 0x000D};
inline constexpr Tag series_instance_uid{0x0020, 0x000E};
inline constexpr Tag shared_functional_groups{0x5200, 0x9229};
inline constexpr Tag per_frame_functional_groups{0x5200, 0x9230};
inline constexpr Tag float_pixel_data{0x7FE0, 0x0008};
inline constexpr Tag double_float_pixel_data{0x7FE0, 0x0009};
inline constexpr Tag pixel_data{0x7FE0, 0x0010};
inline constexpr Tag digital_signatures{0xFFFA, 0xFFFA};
inline constexpr Tag trailing_padding{0xFFFC, 0xFFFC};
inline constexpr Tag item{0xFFFE, 0xE000};
inline constexpr Tag item_delimitation{0xFFFE, 0xE00D};
inline constexpr Tag sequence_delimitation{0xFFFE, 0xE0DD};
}  // namespace tags

}  // namespace trialgate::rules

template <>
struct std::hash<trialgate::rules::Tag> {
  std::size_t operator()(trialgate::rules::Tag tag) const noexcept {
    return std::hash<std::uint32_t>{}(tag.value());
  }
};
