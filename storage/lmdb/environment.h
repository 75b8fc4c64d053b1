#pragma once

#include "storage/result.h"

#include <lmdb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::storage {

/// The named databases of the environment. None has duplicate keys: those have bugs in LMDB 0.9.24 (ITS#9376,
/// #9461, #9806).
enum class Table : std::size_t {
  meta,                      ///< "schema", "audit_head"
  counter,                   ///< name → last number given
  instance,                  ///< uid, digest → InstanceRow
  examine_queue,             ///< arrival → instance key
  submission_instance,       ///< submission, instance key → nothing
  blob,                      ///< digest → BlobRow
  record,                    ///< digest → opaque bytes
  submission,                ///< id → SubmissionRow
  submission_by_study,       ///< site, study → id
  submission_by_state,       ///< state, entered_state_at, id → nothing
  submission_by_subject,     ///< trial, subject, id → nothing
  document,                  ///< submission, version, kind → opaque bytes
  derived,                   ///< submission, version, uid → DerivedRow
  derived_by_uid,            ///< uid, submission, version → nothing
  value,                     ///< name → opaque bytes
  delivery,                  ///< id → DeliveryRow
  delivery_due,              ///< destination, not_before, id → nothing; queued ones only
  delivery_by_state,         ///< destination, state, id → nothing
  delivery_by_submission,    ///< submission, id → nothing
  delivery_count,            ///< destination, state → number
  audit,                     ///< seq → canonical bytes, prev_hash, hash
  audit_by_submission,       ///< submission, seq → nothing
  query,                     ///< id → QueryRow
  query_by_submission,       ///< submission, version → id
  notice,                    ///< id → NoticeRow
  notice_due,                ///< not_before, id → nothing; queued ones only
  notice_by_query,           ///< query, id → nothing
  commitment,                ///< id → CommitmentRow
  commitment_items,          ///< id → CommitmentItems
  commitment_by_name,        ///< role, site, partner, transaction UID → id
  commitment_by_submission,  ///< submission, id → nothing; role user only
  commitment_due,            ///< role, not_before, id → nothing; open ones only
  performed_step,            ///< site, uid → PerformedStepRow
  performed_step_by_study,   ///< site, study, uid → nothing
  performed_step_message,    ///< site, uid, number → opaque bytes
  catalogue_study,           ///< shelf, submission → CatalogueStudy
  catalogue_series,          ///< shelf, submission, uid → CatalogueSeries
  catalogue_instance,        ///< shelf, submission, series number, uid → CatalogueInstance
  catalogue_key,             ///< shelf, key, text, submission → nothing
  count_,
};

class LmdbEnvironment;

/// One LMDB transaction; aborted unless committed. Stays on one thread. Views point into the map and are good
/// until the next write or the end of the transaction.
class LmdbTransaction {
 public:
  enum class Mode { read, write };

  [[nodiscard]] static Result<LmdbTransaction> begin(const LmdbEnvironment& environment, Mode mode);

  [[nodiscard]] Result<std::optional<std::string_view>> get(Table table, std::string_view key) const;
  [[nodiscard]] Result<void> put(Table table, std::string_view key, std::string_view value);
  /// Never replaces. Error: corrupt when the key is there.
  [[nodiscard]] Result<void> put_new(Table table, std::string_view key, std::string_view value);
  /// A missing key is no error.
  [[nodiscard]] Result<void> erase(Table table, std::string_view key);

  /// Calls `visit` for the keys that begin with `prefix` and are not less than `from`, ascending, until it
  /// returns false or fails. In a writing transaction `visit` may change the table.
  [[nodiscard]] Result<void> scan(
      Table table, std::string_view prefix, std::string_view from,
      const std::function<Result<bool>(std::string_view, std::string_view)>& visit) const;

  /// Adds one to a counter and returns it: 1, 2, 3...
  [[nodiscard]] Result<std::uint64_t> next(std::string_view counter);

  /// Durable when it succeeds. The transaction is over either way.
  [[nodiscard]] Result<void> commit();

  [[nodiscard]] MDB_txn* handle() const noexcept { return transaction_.get(); }
  /// The first LMDB error of this transaction, after which it must not be committed, even if a caller ignored
  /// it.
  [[nodiscard]] const std::optional<Failure>& failure() const noexcept { return failure_; }
  /// Whether that error was a full map, which no free disk space cures.
  [[nodiscard]] bool map_full() const noexcept { return map_full_; }
  /// Whether that error was a full disk.
  [[nodiscard]] bool disk_full() const noexcept {
    return failure_ && failure_->code == Errc::no_space && !map_full_;
  }

 private:
  struct Abort {
    void operator()(MDB_txn* transaction) const noexcept { mdb_txn_abort(transaction); }
  };

  LmdbTransaction(const LmdbEnvironment& environment, Mode mode, MDB_txn* transaction)
      : environment_(&environment), mode_(mode), transaction_(transaction) {}
  Failure failed(int code, std::string_view doing) const;
  Result<void> put(Table table, std::string_view key, std::string_view value, unsigned flags);

  const LmdbEnvironment* environment_;
  Mode mode_;
  std::unique_ptr<MDB_txn, Abort> transaction_;
  mutable std::optional<Failure> failure_;
  mutable bool map_full_ = false;
};

/// The LMDB environment of a store, in default sync mode: a commit is on the medium when it returns, and the
/// file is never left unusable. Transactions may be begun from any thread.
class LmdbEnvironment {
 public:
  static constexpr std::uint64_t schema_version = 1;

  enum class Mode { read_write, read_only };

  /// Opens or creates the environment in the directory `path`. Must not be open already in this process.
  /// Errors: corrupt (another schema version, no LMDB file), io_error, no_space, not_found (read_only and
  /// empty).
  [[nodiscard]] static Result<std::unique_ptr<LmdbEnvironment>> open(const std::string& path,
                                                                     std::uint64_t map_size_bytes, Mode mode);

  [[nodiscard]] MDB_env* handle() const noexcept { return environment_.get(); }
  [[nodiscard]] MDB_dbi table(Table table) const noexcept { return tables_[static_cast<std::size_t>(table)]; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Frees the reader slots of processes that died. They would keep old pages from being reused.
  [[nodiscard]] Result<std::uint32_t> clear_stale_readers();

 private:
  struct Close {
    void operator()(MDB_env* environment) const noexcept { mdb_env_close(environment); }
  };

  explicit LmdbEnvironment(std::string path) : path_(std::move(path)) {}
  Result<void> open_tables(Mode mode);

  std::string path_;
  std::unique_ptr<MDB_env, Close> environment_;
  std::array<MDB_dbi, static_cast<std::size_t>(Table::count_)> tables_{};
};

/// The Failure for an LMDB return code: "cannot <doing> <path>: <text>".
[[nodiscard]] Failure fail_lmdb(int code, std::string_view doing, std::string_view path);

}  // namespace trialgate::storage
