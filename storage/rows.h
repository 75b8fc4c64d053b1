#pragma once

#include "storage/blob_store.h"
#include "storage/digest.h"
#include "storage/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// How far an instance got. The values are on disk and never change.
enum class InstanceState : std::uint8_t {
  received = 1,    ///< durable, not yet examined: stands in the examine queue
  examined = 2,    ///< has a record
  unreadable = 3,  ///< kept, but its data set could not be parsed
};

/// One received instance. Its key is (sop_instance_uid, blob): the same SOP Instance UID with other bytes is
/// another row.
struct InstanceRow {
  std::string sop_instance_uid;
  Digest blob;
  std::string sop_class_uid;
  std::string transfer_syntax_uid;
  std::string site;
  std::string calling_ae;
  std::string called_ae;
  std::string peer;  ///< address of the sender, as text
  std::uint64_t association_id = 0;
  UtcTime received_at;
  std::uint64_t data_set_offset = 0;  ///< bytes of preamble and meta group before the data set
  std::uint64_t size_bytes = 0;       ///< of the whole blob
  InstanceState state = InstanceState::received;
  bool conflict = false;         ///< another row has the same SOP Instance UID and came first
  std::string study_uid;         ///< known once examined
  std::string series_uid;        ///< known once examined
  std::uint64_t submission = 0;  ///< 0: not joined to one yet
  std::uint64_t arrival = 0;     ///< set by the index: 1, 2, 3... in the order of first put

  friend bool operator==(const InstanceRow&, const InstanceRow&) = default;
};

/// What a blob is for. The values are on disk and never change.
enum class BlobRole : std::uint8_t {
  instance = 1,  ///< a received instance; put_instance writes this row itself
  pack = 2,      ///< header bytes of derived instances
  other = 3,
};

/// A blob that the index knows. What is on disk without such a row is an orphan.
struct BlobRow {
  Digest blob;
  BlobRole role = BlobRole::other;
  std::uint64_t size_bytes = 0;
  std::string sop_instance_uid;  ///< of a received instance, else empty

  friend bool operator==(const BlobRow&, const BlobRow&) = default;
};

/// The durable stages of a submission. The values are on disk and never change.
enum class SubmissionState : std::uint8_t {
  receiving = 1,
  examined = 2,
  quarantined = 3,
  released = 4,
  deidentified = 5,
  delivering = 6,
  delivered = 7,
  confirmed = 8,
  withdrawn = 9,
};

/// "receiving", "examined", ...
[[nodiscard]] std::string_view to_string(SubmissionState state);
[[nodiscard]] std::string_view to_string(InstanceState state);

/// All instances of one study from one site. (site, study_uid) is unique.
struct SubmissionRow {
  std::uint64_t id = 0;  ///< from Index::allocate_submission_id
  std::string site;
  std::string study_uid;
  std::string trial_id;
  std::string subject;     ///< the trial's pseudonymous subject ID
  std::string time_point;  ///< e.g. "W06"
  SubmissionState state = SubmissionState::receiving;
  std::uint32_t version = 0;  ///< of the verdict; grows when late instances or a person re-open it
  std::uint64_t instance_count = 0;
  UtcTime last_arrival;
  UtcTime entered_state_at;

  friend bool operator==(const SubmissionRow&, const SubmissionRow&) = default;
};

/// A de-identified instance: its data set is the concatenation of `data_set`. Its key is (submission,
/// version, sop_instance_uid).
struct DerivedRow {
  std::uint64_t submission = 0;
  std::uint32_t version = 0;
  std::string sop_class_uid;
  std::string sop_instance_uid;  ///< the new one
  std::string transfer_syntax_uid;
  std::string study_uid;   ///< the new one
  std::string series_uid;  ///< the new one
  Digest source;           ///< the received blob it was derived from
  std::string source_sop_instance_uid;
  std::vector<Extent> data_set;
  Digest data_set_digest;  ///< SHA-256 of the whole derived data set
  std::uint64_t data_set_bytes = 0;

  friend bool operator==(const DerivedRow&, const DerivedRow&) = default;
};

}  // namespace trialgate::storage
