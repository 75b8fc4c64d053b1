#pragma once

#include "storage/audit_trail.h"
#include "storage/blob_store.h"
#include "storage/catalogue.h"
#include "storage/commitments.h"
#include "storage/correspondence.h"
#include "storage/file_system.h"
#include "storage/index.h"
#include "storage/outbox.h"
#include "storage/performed_steps.h"
#include "storage/result.h"

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// How a process uses the store.
enum class Access {
  serve,      ///< the node: takes the serve lock, recovers, receives blobs
  command,    ///< beside a node: reads and commits rows, but no blobs; no lock, no recovery
  read_only,  ///< beside a node: reads only
};

struct StoreConfig {
  std::string directory;  ///< must exist; the store lays itself out inside
  Access access = Access::serve;
  /// Size of the LMDB map: an upper bound of the index, not allocated ahead. The same in every
  /// process that opens the store; restart to enlarge it.
  std::uint64_t map_size_bytes = std::uint64_t{64} << 30;
  /// Nothing new is received while less than the larger of these two is free on the disk.
  std::uint32_t watermark_percent = 5;  ///< of the file system's size, 0..99
  std::uint64_t watermark_bytes = std::uint64_t{20} << 30;
  /// Room kept in a file of its own and given to the index when the disk is full. 0: none.
  std::uint64_t reserve_bytes = std::uint64_t{64} << 20;
  /// Most Commits that one LMDB transaction takes.
  std::uint32_t max_batch = 256;
};

/// Whether new instances may come.
enum class Acceptance {
  accepting,
  disk_low,  ///< below the watermark, or the index is full; ends by itself
  failed,    ///< a sync failed: nothing is committed until rescan()
};

[[nodiscard]] std::string_view to_string(Acceptance acceptance);

/// A blob on disk that no row mentions: it was received, but never acknowledged.
struct Orphan {
  Digest blob;
  std::uint64_t size_bytes = 0;
  UtcTime modified_at;
};

/// What the scan at start-up (or rescan) found. Nothing of it was deleted but temporary files.
struct RecoveryReport {
  std::uint64_t blobs_on_disk = 0;
  std::uint64_t blobs_in_index = 0;
  std::vector<Orphan> orphans;        ///< to be adopted by putting their rows, else listed again next time
  std::vector<Digest> missing_blobs;  ///< rows without their blob: damage
  std::vector<std::string> foreign_names;  ///< files that the store did not put there, left alone
  std::uint64_t temp_files_removed = 0;
  std::uint32_t stale_readers_cleared = 0;  ///< LMDB reader slots of processes that were killed
};

/// A consistent view of the index, the outbox, the queries to sites, the commitments, the performed procedure
/// steps, the catalogue and the audit trail.
class ReadTransaction {
 public:
  virtual ~ReadTransaction() = default;
  [[nodiscard]] virtual const Index& index() const = 0;
  [[nodiscard]] virtual const Outbox& outbox() const = 0;
  [[nodiscard]] virtual const Correspondence& correspondence() const = 0;
  [[nodiscard]] virtual const Commitments& commitments() const = 0;
  [[nodiscard]] virtual const PerformedSteps& performed_steps() const = 0;
  [[nodiscard]] virtual const Catalogue& catalogue() const = 0;
  [[nodiscard]] virtual const AuditTrail& audit() const = 0;
};

/// The same, writable. All of it becomes durable together or not at all.
class Transaction : public ReadTransaction {
 public:
  using ReadTransaction::audit;
  using ReadTransaction::catalogue;
  using ReadTransaction::commitments;
  using ReadTransaction::correspondence;
  using ReadTransaction::index;
  using ReadTransaction::outbox;
  using ReadTransaction::performed_steps;
  [[nodiscard]] virtual Index& index() = 0;
  [[nodiscard]] virtual Outbox& outbox() = 0;
  [[nodiscard]] virtual Correspondence& correspondence() = 0;
  [[nodiscard]] virtual Commitments& commitments() = 0;
  [[nodiscard]] virtual PerformedSteps& performed_steps() = 0;
  [[nodiscard]] virtual Catalogue& catalogue() = 0;
  [[nodiscard]] virtual AuditTrail& audit() = 0;
};

/// One unit of durable work.
struct Commit {
  std::vector<SealedBlob> blobs;  ///< made visible before `apply` runs
  /// Writes the rows, on the committer thread. A failure (or exception) rolls back this Commit alone. May run
  /// more than once, each time on the state without its earlier runs: it must depend on the transaction and
  /// on what it captured only, and leave its captures as they are but for results that a later run
  /// overwrites. The blobs of a Commit that fails here stay on disk, as orphans. Must not block.
  std::function<Result<void>(Transaction&)> apply;
  /// Called exactly once, on the committer thread, or by submit() when the Commit did not get that far:
  /// success means durable. Must not block, throw or commit().
  std::function<void(Result<void>)> done;
};

/// The durable store of a node: blobs in files, everything else in LMDB.
///
/// Order of acknowledgement: temporary file → fsync → rename without replace → fsync of the directory and of
/// new parents → one LMDB commit → done. All members may be called from any thread; those that block on disk
/// say so.
class Store {
 public:
  /// Opens or lays out a store, recovers it and starts the committer thread (Access::serve). Blocks. `files`
  /// must outlive the store. Not twice in one process for the same directory (a rule of LMDB).
  /// Errors: in_use (another node serves it), not_found (no such directory), corrupt (unknown schema
  /// version), io_error, no_space, index_error.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const StoreConfig& config, FileSystem& files);

  /// Finishes what was submitted, then closes.
  virtual ~Store() = default;

  /// Begins a new blob. Errors: not_accepting (failed), no_space (disk_low), invalid_argument (not serving),
  /// io_error. Blocks on disk.
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> create_blob() = 0;
  /// Published blobs, for reading.
  [[nodiscard]] virtual const BlobStore& blobs() const = 0;

  /// Publishes the Commit's blobs, which blocks on disk (without blobs it returns at once), and hands the
  /// rest to the committer. Everything handed over while one group is being made durable forms the next
  /// group; Commits keep the order in which they came. `done` gets: not_accepting (failed state), no_space,
  /// io_error, index_error, or what `apply` returned.
  virtual void submit(Commit commit) = 0;
  /// submit() and wait. Blocks; never from a `done` or `apply`.
  [[nodiscard]] virtual Result<void> commit(Commit commit) = 0;
  /// commit() of rows only.
  [[nodiscard]] Result<void> commit(std::function<Result<void>(Transaction&)> apply);

  /// Runs `body` on a snapshot. Keep it short: LMDB cannot reuse pages while it lasts; walk long tables in
  /// several reads. Neither read(), commit() nor rescan() inside it.
  [[nodiscard]] virtual Result<void> read(
      const std::function<Result<void>(const ReadTransaction&)>& body) const = 0;

  [[nodiscard]] virtual Acceptance acceptance() const = 0;
  /// Why acceptance() is failed; empty otherwise.
  [[nodiscard]] virtual std::string failure_reason() const = 0;

  /// What the scan of open(), or the last rescan(), found.
  [[nodiscard]] virtual RecoveryReport recovery() const = 0;
  /// Re-opens the index, syncs every directory, compares blobs and rows again and, if all that works, accepts
  /// again. Waits for running reads; blocks. Errors: as open.
  [[nodiscard]] virtual Result<void> rescan() = 0;

  /// Verifies the whole audit trail in steps, without one long transaction.
  [[nodiscard]] Result<AuditVerification> verify_audit() const;
  /// Writes the trail as JSON lines; returns its head.
  [[nodiscard]] Result<AuditHead> export_audit(std::ostream& out) const;
};

}  // namespace trialgate::storage
