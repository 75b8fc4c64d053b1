#pragma once

#include "storage/digest.h"
#include "storage/result.h"
#include "storage/rows.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::storage {

/// Called with row after row; false ends the walk.
template <class Row>
using Visitor = std::function<bool(const Row&)>;

/// What the store knows about its blobs, as seen inside one transaction. The const members read, the others
/// need a Transaction. Secondary keys are kept in step in the same transaction. Rows come back by value and
/// outlive the transaction. All calls on the thread that runs the transaction.
///
/// Errors of all: index_error (LMDB), corrupt (a row that cannot be decoded: unknown version, truncated),
/// no_space (map or disk full; writing calls). Writing calls also: invalid_argument for a UID longer than 64
/// bytes, a key text longer than 128 bytes, or a NUL byte in either.
class Index {
 public:
  virtual ~Index() = default;

  // Instances
  [[nodiscard]] virtual Result<std::optional<InstanceRow>> instance(std::string_view sop_instance_uid,
                                                                    const Digest& blob) const = 0;
  /// All instances with this UID (more than one: conflict), ascending by digest.
  [[nodiscard]] virtual Result<std::vector<InstanceRow>> instances(
      std::string_view sop_instance_uid) const = 0;
  [[nodiscard]] virtual Result<std::optional<InstanceRow>> instance_of_blob(const Digest& blob) const = 0;
  /// Ascending by SOP Instance UID, which this submission holds.
  [[nodiscard]] virtual Result<void> instances_of(std::uint64_t submission,
                                                  const Visitor<InstanceRow>& visit) const = 0;
  /// Instances in state received, in order of arrival, with an arrival number greater than `after`.
  [[nodiscard]] virtual Result<std::vector<InstanceRow>> next_unexamined(std::size_t limit,
                                                                         std::uint64_t after = 0) const = 0;
  /// Every instance whose key is greater than (after_uid, after_blob), at most `limit`, ascending.
  [[nodiscard]] virtual Result<std::vector<InstanceRow>> all_instances(
      std::size_t limit, std::string_view after_uid = {}, const Digest& after_blob = {}) const = 0;
  /// Inserts or replaces by key. A new row gets the next arrival number, an existing one keeps its own; the
  /// `arrival` given is ignored. Also makes the blob known.
  [[nodiscard]] virtual Result<void> put_instance(const InstanceRow& row) = 0;

  // Blobs
  [[nodiscard]] virtual Result<std::optional<BlobRow>> blob(const Digest& blob) const = 0;
  /// Known blobs greater than `after`, at most `limit`, ascending.
  [[nodiscard]] virtual Result<std::vector<BlobRow>> blobs(std::size_t limit,
                                                           const Digest& after = {}) const = 0;
  /// For blobs that are no instance (packs). A blob's role never changes once it is an instance.
  [[nodiscard]] virtual Result<void> put_blob(const BlobRow& row) = 0;

  // What examination found, opaque bytes by the instance's blob
  [[nodiscard]] virtual Result<std::optional<std::string>> record(const Digest& blob) const = 0;
  [[nodiscard]] virtual Result<void> put_record(const Digest& blob, std::string_view bytes) = 0;

  // Submissions
  [[nodiscard]] virtual Result<std::optional<SubmissionRow>> submission(std::uint64_t id) const = 0;
  [[nodiscard]] virtual Result<std::optional<SubmissionRow>> submission(std::string_view site,
                                                                        std::string_view study_uid) const = 0;
  /// Ascending by entered_state_at: the one that waits longest comes first.
  [[nodiscard]] virtual Result<void> submissions_in(SubmissionState state,
                                                    const Visitor<SubmissionRow>& visit) const = 0;
  [[nodiscard]] virtual Result<std::vector<SubmissionRow>> submissions_of(std::string_view trial_id,
                                                                          std::string_view subject) const = 0;
  /// Ascending by id, greater than `after`, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<SubmissionRow>> submissions(std::size_t limit,
                                                                       std::uint64_t after = 0) const = 0;
  /// How many submissions are in a state; walks that state's keys.
  [[nodiscard]] virtual Result<std::uint64_t> count_in(SubmissionState state) const = 0;
  /// 1, 2, 3...; a rolled back transaction gives its ids back.
  [[nodiscard]] virtual Result<std::uint64_t> allocate_submission_id() = 0;
  /// Inserts or replaces by id. Error: invalid_argument for id 0 or when (site, study_uid) belongs to another
  /// id.
  [[nodiscard]] virtual Result<void> put_submission(const SubmissionRow& row) = 0;

  // Documents of a submission's version, e.g. kind "verdict", "deidentification", "query"
  [[nodiscard]] virtual Result<std::optional<std::string>> document(std::uint64_t submission,
                                                                    std::uint32_t version,
                                                                    std::string_view kind) const = 0;
  /// (version, kind) of every document, ascending.
  [[nodiscard]] virtual Result<std::vector<std::pair<std::uint32_t, std::string>>> documents_of(
      std::uint64_t submission) const = 0;
  [[nodiscard]] virtual Result<void> put_document(std::uint64_t submission, std::uint32_t version,
                                                  std::string_view kind, std::string_view bytes) = 0;

  // Derived instances
  [[nodiscard]] virtual Result<std::optional<DerivedRow>> derived(
      std::uint64_t submission, std::uint32_t version, std::string_view sop_instance_uid) const = 0;
  /// Ascending by new SOP Instance UID.
  [[nodiscard]] virtual Result<void> derived_of(std::uint64_t submission, std::uint32_t version,
                                                const Visitor<DerivedRow>& visit) const = 0;
  /// Every derived instance with this new UID, ascending by submission and version.
  [[nodiscard]] virtual Result<std::vector<DerivedRow>> derived_by_uid(
      std::string_view sop_instance_uid) const = 0;
  [[nodiscard]] virtual Result<void> put_derived(const DerivedRow& row) = 0;

  // Small state of the program that has no table of its own
  [[nodiscard]] virtual Result<std::optional<std::string>> value(std::string_view name) const = 0;
  [[nodiscard]] virtual Result<void> put_value(std::string_view name, std::string_view bytes) = 0;
};

}  // namespace trialgate::storage
