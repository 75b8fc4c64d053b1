#pragma once

#include "dimse/types.h"

#include <set>
#include <span>
#include <string_view>

namespace trialgate::dimse {

/// One SOP class of the standard that C-STORE carries.
struct StorageSopClass {
  std::string_view uid;
  std::string_view name;
  bool retired = false;  ///< no longer in PS3.4 annex B.5, but still sent by archives
};

/// Verification SOP class (PS3.4 annex A).
inline constexpr std::string_view verification_sop_class = "1.2.840.10008.1.1";

/// Every storage SOP class of PS3.4 table B.5-1 (2026) and the retired ones, ordered by UID as text.
[[nodiscard]] std::span<const StorageSopClass> storage_sop_classes() noexcept;

[[nodiscard]] bool is_storage_sop_class(const Uid& sop_class) noexcept;

/// True for a SOP class that could carry instances though no table here knows it: a private one, or one of
/// the standard's storage arc 1.2.840.10008.5.1.4.1.1.
[[nodiscard]] bool may_be_storage_sop_class(const Uid& sop_class) noexcept;

/// The transfer syntaxes of PS3.5 annex A that archives send and that can be kept as they are: all but
/// Deflated (decompression bombs) and the JPIP ones (their pixel data is elsewhere).
[[nodiscard]] const std::set<Uid>& default_transfer_syntaxes();

inline constexpr std::string_view implicit_vr_little_endian = "1.2.840.10008.1.2";
inline constexpr std::string_view explicit_vr_little_endian = "1.2.840.10008.1.2.1";
inline constexpr std::string_view explicit_vr_big_endian = "1.2.840.10008.1.2.2";
inline constexpr std::string_view deflated_explicit_vr_little_endian = "1.2.840.10008.1.2.1.99";

}  // namespace trialgate::dimse
