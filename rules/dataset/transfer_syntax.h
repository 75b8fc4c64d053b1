#pragma once

#include <cstdint>
#include <string_view>

namespace trialgate::rules {

/// How pixel data are coded.
enum class PixelCoding : std::uint8_t { native, rle, jpeg, jpeg_ls, jpeg_2000, jpeg_xl, video };
/// Whether what a transfer syntax holds went through a lossy step of that syntax.
enum class Lossiness : std::uint8_t { lossless, possible, lossy };

/// A transfer syntax whose data sets this node can read (PS3.5 Annex A).
struct TransferSyntax {
  std::string_view uid;
  std::string_view name;
  bool explicit_vr = true;
  bool big_endian = false;
  bool encapsulated = false;
  bool deflated = false;
  PixelCoding pixel_coding = PixelCoding::native;
  Lossiness lossiness = Lossiness::lossless;
};

/// Null for a UID that is not in the table (private or newer ones): such an instance is kept, but cannot be
/// read. Trailing NUL and space of a UI value are ignored.
[[nodiscard]] const TransferSyntax* find_transfer_syntax(std::string_view uid) noexcept;

namespace transfer_syntaxes {
inline constexpr std::string_view implicit_vr_little_endian = "1.2.840.10008.1.2";
inline constexpr std::string_view explicit_vr_little_endian = "1.2.840.10008.1.2.1";
inline constexpr std::string_view deflated_explicit_vr_little_endian = "1.2.840.10008.1.2.1.99";
inline constexpr std::string_view explicit_vr_big_endian = "1.2.840.10008.1.2.2";
}  // namespace transfer_syntaxes

}  // namespace trialgate::rules
