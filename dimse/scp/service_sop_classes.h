#pragma once

#include "dimse/types.h"

#include <cstdint>
#include <string_view>

namespace trialgate::dimse {

/// Which of the node's services an abstract syntax belongs to.
enum class ServiceKind : std::uint8_t {
  verification,
  storage,
  find,        ///< C-FIND
  move,        ///< C-MOVE
  get,         ///< C-GET
  normalized,  ///< N- services: storage commitment, modality performed procedure step...
};

/// The kind of a SOP class that a policy lists under `services`: by its UID for query/retrieve (PS3.4 §C.6,
/// §Y.6, §Z.6) and the modality work list (§K.6), normalized for any other.
[[nodiscard]] ServiceKind service_kind(const Uid& sop_class) noexcept;

inline constexpr std::string_view patient_root_find = "1.2.840.10008.5.1.4.1.2.1.1";
inline constexpr std::string_view patient_root_move = "1.2.840.10008.5.1.4.1.2.1.2";
inline constexpr std::string_view patient_root_get = "1.2.840.10008.5.1.4.1.2.1.3";
inline constexpr std::string_view study_root_find = "1.2.840.10008.5.1.4.1.2.2.1";
inline constexpr std::string_view study_root_move = "1.2.840.10008.5.1.4.1.2.2.2";
inline constexpr std::string_view study_root_get = "1.2.840.10008.5.1.4.1.2.2.3";
inline constexpr std::string_view modality_worklist_find = "1.2.840.10008.5.1.4.31";
inline constexpr std::string_view storage_commitment_push_model = "1.2.840.10008.1.20.1";
inline constexpr std::string_view modality_performed_procedure_step = "1.2.840.10008.3.1.2.3.3";

}  // namespace trialgate::dimse
