#include "storage/lmdb/environment.h"

#include "storage/file_system.h"
#include "storage/lmdb/key.h"

#include <cerrno>
#include <string>

namespace trialgate::storage {
namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Table::count_)> table_names = {
    "meta",
    "counter",
    "instance",
    "examine_queue",
    "submission_instance",
    "blob",
    "record",
    "submission",
    "submission_by_study",
    "submission_by_state",
    "submission_by_subject",
    "document",
    "derived",
    "derived_by_uid",
    "value",
    "delivery",
    "delivery_due",
    "delivery_by_state",
    "delivery_by_submission",
    "delivery_count",
    "audit",
    "audit_by_submission",
    "query",
    "query_by_submission",
    "notice",
    "notice_due",
    "notice_by_query",
    "commitment",
    "commitment_items",
    "commitment_by_name",
    "commitment_by_submission",
    "commitment_due",
    "performed_step",
    "performed_step_by_study",
    "performed_step_message",
    "catalogue_study",
    "catalogue_series",
    "catalogue_instance",
    "catalogue_key",
};

// A table that a store of an earlier version does not have yet, opened read-only: it reads as empty. LMDB
// gives no named table this number.
constexpr MDB_dbi no_table = 0;

// One for each thread that reads at a time, over all processes.
constexpr unsigned max_readers = 512;

MDB_val to_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB does not write through keys or values given
}

std::string_view to_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const noexcept { mdb_cursor_close(cursor); }
};

}  // namespace

Failure fail_lmdb(int code, std::string_view doing, std::string_view path) {
  if (code > 0) return fail_errno(code, doing, path);
  Errc kind = Errc::index_error;
  if (code == MDB_MAP_FULL) kind = Errc::no_space;
  if (code == MDB_PANIC) kind = Errc::io_error;
  if (code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
      code == MDB_VERSION_MISMATCH) {
    kind = Errc::corrupt;
  }
  std::string where = "cannot ";
  where.append(doing).append(" ").append(path).append(": ").append(mdb_strerror(code));
  return fail(kind, std::move(where));
}

Result<LmdbTransaction> LmdbTransaction::begin(const LmdbEnvironment& environment, Mode mode) {
  MDB_txn* raw = nullptr;
  const int code = mdb_txn_begin(environment.handle(), nullptr, mode == Mode::read ? MDB_RDONLY : 0U, &raw);
  if (code != MDB_SUCCESS) return fail_lmdb(code, "begin a transaction on", environment.path());
  return LmdbTransaction(environment, mode, raw);
}

Failure LmdbTransaction::failed(int code, std::string_view doing) const {
  Failure failure = fail_lmdb(code, doing, environment_->path());
  if (!failure_) {
    failure_ = failure;
    map_full_ = code == MDB_MAP_FULL;
  }
  return failure;
}

Result<std::optional<std::string_view>> LmdbTransaction::get(Table table, std::string_view key) const {
  if (environment_->table(table) == no_table) return std::optional<std::string_view>();
  MDB_val key_val = to_val(key);
  MDB_val value{};
  const int code = mdb_get(transaction_.get(), environment_->table(table), &key_val, &value);
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>();
  if (code != MDB_SUCCESS) return failed(code, "read from");
  return std::optional(to_view(value));
}

Result<void> LmdbTransaction::put(Table table, std::string_view key, std::string_view value) {
  return put(table, key, value, 0);
}

Result<void> LmdbTransaction::put_new(Table table, std::string_view key, std::string_view value) {
  return put(table, key, value, MDB_NOOVERWRITE);
}

Result<void> LmdbTransaction::put(Table table, std::string_view key, std::string_view value, unsigned flags) {
  MDB_val key_val = to_val(key);
  MDB_val value_val = to_val(value);
  const int code = mdb_put(transaction_.get(), environment_->table(table), &key_val, &value_val, flags);
  if (code == MDB_KEYEXIST) return fail(Errc::corrupt, "a row that must be new is there already");
  if (code != MDB_SUCCESS) return failed(code, "write to");
  return {};
}

Result<void> LmdbTransaction::erase(Table table, std::string_view key) {
  MDB_val key_val = to_val(key);
  const int code = mdb_del(transaction_.get(), environment_->table(table), &key_val, nullptr);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return failed(code, "remove from");
  return {};
}

Result<void> LmdbTransaction::scan(
    Table table, std::string_view prefix, std::string_view from,
    const std::function<Result<bool>(std::string_view, std::string_view)>& visit) const {
  if (environment_->table(table) == no_table) return {};
  MDB_cursor* raw = nullptr;
  if (const int code = mdb_cursor_open(transaction_.get(), environment_->table(table), &raw);
      code != MDB_SUCCESS) {
    return failed(code, "read from");
  }
  const std::unique_ptr<MDB_cursor, CloseCursor> cursor(raw);
  std::string position(from > prefix ? from : prefix);
  MDB_val key = to_val(position);
  MDB_val value{};
  // LMDB refuses an empty key, even to seek.
  int code = mdb_cursor_get(raw, &key, &value, position.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (code == MDB_SUCCESS && to_view(key).starts_with(prefix)) {
    // A change by the visitor may move or free what the cursor stands on, so a writer seeks anew.
    if (mode_ == Mode::write) position.assign(to_view(key)).push_back('\0');
    const auto go_on = visit(to_view(key), to_view(value));
    if (!go_on) return go_on.error();
    if (!*go_on) return {};
    if (mode_ == Mode::write) {
      key = to_val(position);
      code = mdb_cursor_get(raw, &key, &value, MDB_SET_RANGE);
    } else {
      code = mdb_cursor_get(raw, &key, &value, MDB_NEXT);
    }
  }
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return failed(code, "read from");
  return {};
}

Result<std::uint64_t> LmdbTransaction::next(std::string_view counter) {
  const auto last = get(Table::counter, counter);
  if (!last) return last.error();
  std::uint64_t value = 1;
  if (*last) {
    if ((*last)->size() != 8) return fail(Errc::corrupt, "counter row: wrong size");
    value = read_u64(**last) + 1;
  }
  const auto put_back = put(Table::counter, counter, Key().u64(value).bytes());
  if (!put_back) return put_back.error();
  return value;
}

Result<void> LmdbTransaction::commit() {
  if (failure_) return *failure_;
  const int code = mdb_txn_commit(transaction_.release());
  if (code != MDB_SUCCESS) return failed(code, "commit to");
  return {};
}

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const std::string& path,
                                                               std::uint64_t map_size_bytes, Mode mode) {
  std::unique_ptr<LmdbEnvironment> opened(new LmdbEnvironment(path));
  MDB_env* raw = nullptr;
  if (const int code = mdb_env_create(&raw); code != MDB_SUCCESS) return fail_lmdb(code, "open index", path);
  opened->environment_.reset(raw);
  int code = mdb_env_set_mapsize(raw, static_cast<std::size_t>(map_size_bytes));
  if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(raw, static_cast<MDB_dbi>(Table::count_));
  if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(raw, max_readers);
  // NOTLS ties a read transaction to its object instead of its thread: threads of a pool come and go.
  const unsigned flags = MDB_NOTLS | (mode == Mode::read_only ? MDB_RDONLY : 0U);
  if (code == MDB_SUCCESS) code = mdb_env_open(raw, path.c_str(), flags, 0600);
  if (code != MDB_SUCCESS) return fail_lmdb(code, "open index", path);
  if (const auto tables = opened->open_tables(mode); !tables) return tables.error();
  return opened;
}

Result<void> LmdbEnvironment::open_tables(Mode mode) {
  const bool writable = mode == Mode::read_write;
  auto begun =
      LmdbTransaction::begin(*this, writable ? LmdbTransaction::Mode::write : LmdbTransaction::Mode::read);
  if (!begun) return begun.error();
  MDB_txn* raw = begun->handle();
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const int code = mdb_dbi_open(raw, table_names[i], writable ? MDB_CREATE : 0U, &tables_[i]);
    const bool is_meta = i == static_cast<std::size_t>(Table::meta);
    if (code == MDB_NOTFOUND && is_meta) return fail(Errc::not_found, path_ + " holds no index");
    if (code == MDB_NOTFOUND) {
      tables_[i] = no_table;
      continue;
    }
    if (code != MDB_SUCCESS) return fail_lmdb(code, "open index", path_);
    // The schema decides before any other table is touched.
    if (!is_meta) continue;
    const auto schema = begun->get(Table::meta, "schema");
    if (!schema) return schema.error();
    const std::string ours = Key().u64(schema_version).bytes();
    if (*schema && **schema != ours) {
      const std::string found = (*schema)->size() == 8 ? std::to_string(read_u64(**schema)) : "unknown";
      return fail(Errc::corrupt, path_ + " has schema version " + found + ", this program knows version " +
                                     std::to_string(schema_version) + " only");
    }
    if (!*schema) {
      if (!writable) return fail(Errc::not_found, path_ + " holds no index");
      if (const auto put = begun->put(Table::meta, "schema", ours); !put) return put.error();
    }
  }
  // Ends a reading transaction too; handles opened in it stay open only if it commits.
  return begun->commit();
}

Result<std::uint32_t> LmdbEnvironment::clear_stale_readers() {
  int dead = 0;
  const int code = mdb_reader_check(environment_.get(), &dead);
  if (code != MDB_SUCCESS) return fail_lmdb(code, "check the readers of", path_);
  return static_cast<std::uint32_t>(dead);
}

}  // namespace trialgate::storage
