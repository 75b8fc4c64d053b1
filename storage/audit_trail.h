#pragma once

#include "storage/digest.h"
#include "storage/result.h"
#include "storage/time.h"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// One entry of the audit trail: what happened, why, by whom, when, to which object.
///
/// Its canonical bytes are, in this order: one byte 1 (the version); seq and at (microseconds) as 8 byte
/// big-endian integers, at in two's complement; actor, event, reason, site, each as a 4 byte big-endian
/// length and UTF-8 bytes; submission and object each as one byte 0 or 1 for absent or present, followed when
/// present by 8 big-endian or 32 raw bytes; sop_instance_uid and detail like actor.
///     hash = SHA-256("trialgate audit 1" ‖ 0x00 ‖ prev_hash ‖ canonical bytes)
/// with the 32 zero bytes as prev_hash of record 1.
struct AuditRecord {
  std::uint64_t seq = 0;  ///< 1, 2, 3... without a gap; set by append
  UtcTime at;             ///< when
  std::string actor;      ///< who: a user, an AE title, "trialgate"
  std::string event;      ///< what, e.g. "instance.received"
  std::string reason;     ///< why, may be empty
  std::string site;       ///< may be empty
  std::optional<std::uint64_t> submission;
  std::optional<Digest> object;  ///< the blob concerned
  std::string sop_instance_uid;  ///< may be empty
  std::string detail;            ///< JSON text, may be empty
  Digest prev_hash;              ///< set by append
  Digest hash;                   ///< set by append

  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

/// The end of the trail. Kept somewhere else, it makes a later truncation of the tail detectable.
struct AuditHead {
  std::uint64_t seq = 0;  ///< 0: the trail is empty
  Digest hash;

  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};

/// What a verification found.
struct AuditVerification {
  AuditHead head;                             ///< the last record that was in order
  std::optional<std::uint64_t> first_broken;  ///< seq at which the chain breaks; none: all in order
  std::string problem;                        ///< one sentence when broken

  [[nodiscard]] bool ok() const noexcept { return !first_broken.has_value(); }
};

[[nodiscard]] std::vector<std::uint8_t> canonical_bytes(const AuditRecord& record);
/// The hash that `record` must carry, from its other members.
[[nodiscard]] Digest chain_hash(const AuditRecord& record);

/// Checks that records follow each other, one after the other. Starts after `start`.
class AuditChain {
 public:
  explicit AuditChain(AuditHead start = {});

  /// False once a record is out of order, edited or not linked to the one before; result() says which.
  bool check(const AuditRecord& record);
  [[nodiscard]] const AuditVerification& result() const noexcept { return result_; }
  /// Marks the chain as broken after its last good record.
  void break_here(std::string problem);

 private:
  AuditVerification result_;
};

/// The append-only trail, as seen inside one transaction; rules and errors as for Index. Several processes
/// may append: the previous hash is read inside the writing transaction.
class AuditTrail {
 public:
  virtual ~AuditTrail() = default;

  /// Appends; seq, prev_hash and hash are set here and returned as the new head. Bytes that are not UTF-8 are
  /// replaced by U+FFFD.
  [[nodiscard]] virtual Result<AuditHead> append(AuditRecord record) = 0;

  /// Records with seq >= from, ascending, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<AuditRecord>> read(std::uint64_t from,
                                                              std::size_t limit) const = 0;
  /// Records that name this submission, ascending.
  [[nodiscard]] virtual Result<std::vector<AuditRecord>> read_of(std::uint64_t submission) const = 0;
  [[nodiscard]] virtual Result<AuditHead> head() const = 0;

  /// Walks at most `limit` records after `start`. When it reaches the end it also compares with head(). A
  /// trail of any length is verified by calling again with the head that came back, each time in a
  /// transaction of its own; Store::verify_audit does so. A row that cannot be decoded is a break, not an
  /// error.
  [[nodiscard]] virtual Result<AuditVerification> verify(const AuditHead& start, std::size_t limit) const = 0;
};

/// One record as one JSON object on one line, without the line feed: seq, at (ISO 8601, UTC, microseconds),
/// actor, event, reason, site, submission, object, sop_instance_uid, detail (a string), prev_hash, hash.
[[nodiscard]] std::string to_json_line(const AuditRecord& record);
/// Error: corrupt for anything that to_json_line would not have written, byte for byte.
[[nodiscard]] Result<AuditRecord> from_json_line(std::string_view line);

/// Verifies an exported trail without a store. `start` is the head before its first line (default: from
/// record 1). With `expected` it also finds a missing tail: that record must be there with that hash. Error:
/// io_error when the stream breaks.
[[nodiscard]] Result<AuditVerification> verify_export(std::istream& lines, const AuditHead& start = {},
                                                      const std::optional<AuditHead>& expected = {});

}  // namespace trialgate::storage
