#pragma once

#include "storage/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// Implementation Class UID (0002,0012) and Implementation Version Name (0002,0013) of the files that this
/// program writes (PS3.10 §7.1). They are part of what a blob's digest covers and therefore never change.
inline constexpr std::string_view implementation_class_uid = "2.25.74866090594523359480135102362999663266";
inline constexpr std::string_view implementation_version_name = "TRIALGATE_1";

/// 128 zero bytes, "DICM" and a File Meta Information group (PS3.10 §7.1) of exactly the elements Group
/// Length, Version, Media Storage SOP Class UID, Media Storage SOP Instance UID, Transfer Syntax UID,
/// Implementation Class UID and Version Name. No date, name or address: the SHA-256 of the file is a function
/// of the data set and its three UIDs alone. Error: invalid_argument for a UID that is empty, longer than 64
/// bytes (PS3.5 §9.1) or holds a byte outside 0x21..0x7e.
[[nodiscard]] Result<std::vector<std::uint8_t>> file_preamble_and_meta(std::string_view sop_class_uid,
                                                                       std::string_view sop_instance_uid,
                                                                       std::string_view transfer_syntax_uid);

/// What the header of a stored blob says.
struct FileMeta {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::uint64_t data_set_offset = 0;  ///< bytes before the data set
};

/// The longest header that file_preamble_and_meta makes: reading so many bytes is enough for read_file_meta.
inline constexpr std::size_t max_file_meta_bytes = 512;

/// Reads back the header of a blob from its first bytes. Accepts only what file_preamble_and_meta writes: it
/// is for adopting orphans, not for files of others. Error: corrupt.
[[nodiscard]] Result<FileMeta> read_file_meta(std::span<const std::uint8_t> head);

}  // namespace trialgate::storage
