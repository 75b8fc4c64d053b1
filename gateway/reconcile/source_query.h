#pragma once

#include "dimse/log.h"
#include "dimse/scu/requestor.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// SOP Instance UIDs by Series Instance UID.
using StudyInventory = std::map<std::string, std::set<std::string>>;

/// Asks a PACS what it has of a study, in these series (Study Root, IMAGE level, PS3.4 §C.6.2; each series by
/// itself, since few answer relational queries). A text says why it is not known.
[[nodiscard]] dimse::Task<std::variant<StudyInventory, std::string>> query_source(
    dimse::RequestorConfig config, std::string study_uid, std::vector<std::string> series_uids,
    dimse::Log& log);

/// The identifier of an IMAGE-level query in Implicit VR Little Endian.
[[nodiscard]] std::vector<std::uint8_t> image_level_query(std::string_view study_uid,
                                                          std::string_view series_uid);

/// SOP Instance UID (0008,0018) of an identifier in Implicit VR Little Endian; nothing when there is none, or
/// the bytes are no such data set.
[[nodiscard]] std::optional<std::string> sop_instance_uid_of(std::span<const std::uint8_t> identifier);

}  // namespace trialgate::gateway
