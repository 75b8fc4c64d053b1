#include "storage/lmdb/lmdb_index.h"

#include "storage/encode_rows.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"

namespace trialgate::storage {
namespace {

std::string instance_key(std::string_view sop_instance_uid, const Digest& blob) {
  return Key().text(sop_instance_uid).digest(blob).bytes();
}

}  // namespace

Result<std::optional<InstanceRow>> LmdbIndex::instance(std::string_view sop_instance_uid,
                                                       const Digest& blob) const {
  if (auto ok = check_key_uid(sop_instance_uid, "SOP Instance UID"); !ok) return ok.error();
  return get_row(transaction_, Table::instance, instance_key(sop_instance_uid, blob), decode_instance);
}

Result<std::vector<InstanceRow>> LmdbIndex::instances(std::string_view sop_instance_uid) const {
  if (auto ok = check_key_uid(sop_instance_uid, "SOP Instance UID"); !ok) return ok.error();
  std::vector<InstanceRow> rows;
  const auto walked = transaction_.scan(Table::instance, Key().text(sop_instance_uid).bytes(), {},
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto row = decode_instance(bytes);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return true;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::optional<InstanceRow>> LmdbIndex::instance_of_blob(const Digest& blob) const {
  const auto known = this->blob(blob);
  if (!known) return known.error();
  if (!*known || (*known)->role != BlobRole::instance) return std::optional<InstanceRow>();
  return instance((*known)->sop_instance_uid, blob);
}

Result<void> LmdbIndex::instances_of(std::uint64_t submission, const Visitor<InstanceRow>& visit) const {
  return transaction_.scan(Table::submission_instance, Key().u64(submission).bytes(), {},
                           [&](std::string_view key, std::string_view) -> Result<bool> {
                             const auto row =
                                 require_row(transaction_, Table::instance, key.substr(8), decode_instance);
                             if (!row) return row.error();
                             return visit(*row);
                           });
}

Result<std::vector<InstanceRow>> LmdbIndex::next_unexamined(std::size_t limit, std::uint64_t after) const {
  std::vector<InstanceRow> rows;
  if (limit == 0) return rows;
  const auto walked =
      transaction_.scan(Table::examine_queue, {}, just_after(Key().u64(after).bytes()),
                        [&](std::string_view, std::string_view key) -> Result<bool> {
                          auto row = require_row(transaction_, Table::instance, key, decode_instance);
                          if (!row) return row.error();
                          rows.push_back(std::move(*row));
                          return rows.size() < limit;
                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<InstanceRow>> LmdbIndex::all_instances(std::size_t limit, std::string_view after_uid,
                                                          const Digest& after_blob) const {
  if (auto ok = check_key_uid(after_uid, "SOP Instance UID"); !ok) return ok.error();
  std::vector<InstanceRow> rows;
  if (limit == 0) return rows;
  const std::string from =
      after_uid.empty() ? std::string() : just_after(instance_key(after_uid, after_blob));
  const auto walked = transaction_.scan(Table::instance, {}, from,
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto row = decode_instance(bytes);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return rows.size() < limit;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<void> LmdbIndex::put_instance(const InstanceRow& given) {
  if (given.sop_instance_uid.empty()) return fail(Errc::invalid_argument, "SOP Instance UID is empty");
  if (auto ok = check_key_uid(given.sop_instance_uid, "SOP Instance UID"); !ok) return ok;
  const std::string key = instance_key(given.sop_instance_uid, given.blob);
  const auto old = get_row(transaction_, Table::instance, key, decode_instance);
  if (!old) return old.error();

  InstanceRow row = given;
  if (*old) {
    row.arrival = (*old)->arrival;
  } else {
    const auto arrival = transaction_.next("arrival");
    if (!arrival) return arrival.error();
    row.arrival = *arrival;
    const auto known = blob(row.blob);
    if (!known) return known.error();
    if (*known && (*known)->role == BlobRole::instance) {
      return fail(Errc::invalid_argument, "blob " + row.blob.hex() + " belongs to another SOP Instance UID");
    }
    const BlobRow blob_row{row.blob, BlobRole::instance, row.size_bytes, row.sop_instance_uid};
    const auto put = transaction_.put(Table::blob, Key().digest(row.blob).bytes(), encode(blob_row));
    if (!put) return put;
  }
  if (*old && (*old)->submission != row.submission && (*old)->submission != 0) {
    const auto erased =
        transaction_.erase(Table::submission_instance, Key().u64((*old)->submission).raw(key).bytes());
    if (!erased) return erased;
  }
  if (row.submission != 0 && (!*old || (*old)->submission != row.submission)) {
    const auto put =
        transaction_.put(Table::submission_instance, Key().u64(row.submission).raw(key).bytes(), {});
    if (!put) return put;
  }
  const std::string queue_key = Key().u64(row.arrival).bytes();
  const auto queued = row.state == InstanceState::received
                          ? transaction_.put(Table::examine_queue, queue_key, key)
                          : transaction_.erase(Table::examine_queue, queue_key);
  if (!queued) return queued;
  return transaction_.put(Table::instance, key, encode(row));
}

Result<std::optional<BlobRow>> LmdbIndex::blob(const Digest& blob) const {
  return get_row(transaction_, Table::blob, Key().digest(blob).bytes(), decode_blob);
}

Result<std::vector<BlobRow>> LmdbIndex::blobs(std::size_t limit, const Digest& after) const {
  std::vector<BlobRow> rows;
  if (limit == 0) return rows;
  const auto walked = transaction_.scan(Table::blob, {}, just_after(Key().digest(after).bytes()),
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto row = decode_blob(bytes);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return rows.size() < limit;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<void> LmdbIndex::put_blob(const BlobRow& row) {
  if (row.role == BlobRole::instance) {
    return fail(Errc::invalid_argument, "the blob row of an instance is written by put_instance");
  }
  const auto known = blob(row.blob);
  if (!known) return known.error();
  if (*known && (*known)->role == BlobRole::instance) return {};
  return transaction_.put(Table::blob, Key().digest(row.blob).bytes(), encode(row));
}

Result<std::optional<std::string>> LmdbIndex::record(const Digest& blob) const {
  return get_bytes(transaction_, Table::record, Key().digest(blob).bytes());
}

Result<void> LmdbIndex::put_record(const Digest& blob, std::string_view bytes) {
  return transaction_.put(Table::record, Key().digest(blob).bytes(), bytes);
}

Result<std::optional<std::string>> LmdbIndex::document(std::uint64_t submission, std::uint32_t version,
                                                       std::string_view kind) const {
  if (auto ok = check_key_text(kind, "document kind"); !ok) return ok.error();
  return get_bytes(transaction_, Table::document, Key().u64(submission).u32(version).raw(kind).bytes());
}

Result<std::vector<std::pair<std::uint32_t, std::string>>> LmdbIndex::documents_of(
    std::uint64_t submission) const {
  std::vector<std::pair<std::uint32_t, std::string>> found;
  const auto walked = transaction_.scan(Table::document, Key().u64(submission).bytes(), {},
                                        [&](std::string_view key, std::string_view) -> Result<bool> {
                                          found.emplace_back(read_u32(key.substr(8)), key.substr(12));
                                          return true;
                                        });
  if (!walked) return walked.error();
  return found;
}

Result<void> LmdbIndex::put_document(std::uint64_t submission, std::uint32_t version, std::string_view kind,
                                     std::string_view bytes) {
  if (auto ok = check_key_text(kind, "document kind"); !ok) return ok;
  return transaction_.put(Table::document, Key().u64(submission).u32(version).raw(kind).bytes(), bytes);
}

Result<std::optional<DerivedRow>> LmdbIndex::derived(std::uint64_t submission, std::uint32_t version,
                                                     std::string_view sop_instance_uid) const {
  if (auto ok = check_key_uid(sop_instance_uid, "SOP Instance UID"); !ok) return ok.error();
  return get_row(transaction_, Table::derived,
                 Key().u64(submission).u32(version).text(sop_instance_uid).bytes(), decode_derived);
}

Result<void> LmdbIndex::derived_of(std::uint64_t submission, std::uint32_t version,
                                   const Visitor<DerivedRow>& visit) const {
  return transaction_.scan(Table::derived, Key().u64(submission).u32(version).bytes(), {},
                           [&](std::string_view, std::string_view bytes) -> Result<bool> {
                             const auto row = decode_derived(bytes);
                             if (!row) return row.error();
                             return visit(*row);
                           });
}

Result<std::vector<DerivedRow>> LmdbIndex::derived_by_uid(std::string_view sop_instance_uid) const {
  if (auto ok = check_key_uid(sop_instance_uid, "SOP Instance UID"); !ok) return ok.error();
  const std::string prefix = Key().text(sop_instance_uid).bytes();
  std::vector<DerivedRow> rows;
  const auto walked = transaction_.scan(
      Table::derived_by_uid, prefix, {}, [&](std::string_view key, std::string_view) -> Result<bool> {
        const std::string row_key = Key().raw(key.substr(prefix.size())).raw(prefix).bytes();
        auto row = require_row(transaction_, Table::derived, row_key, decode_derived);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
        return true;
      });
  if (!walked) return walked.error();
  return rows;
}

Result<void> LmdbIndex::put_derived(const DerivedRow& row) {
  if (row.sop_instance_uid.empty()) return fail(Errc::invalid_argument, "SOP Instance UID is empty");
  if (auto ok = check_key_uid(row.sop_instance_uid, "SOP Instance UID"); !ok) return ok;
  const std::string key = Key().u64(row.submission).u32(row.version).text(row.sop_instance_uid).bytes();
  if (auto put = transaction_.put(Table::derived, key, encode(row)); !put) return put;
  return transaction_.put(Table::derived_by_uid,
                          Key().text(row.sop_instance_uid).u64(row.submission).u32(row.version).bytes(), {});
}

Result<std::optional<std::string>> LmdbIndex::value(std::string_view name) const {
  if (auto ok = check_key_text(name, "value name"); !ok) return ok.error();
  return get_bytes(transaction_, Table::value, name);
}

Result<void> LmdbIndex::put_value(std::string_view name, std::string_view bytes) {
  if (name.empty()) return fail(Errc::invalid_argument, "value name is empty");
  if (auto ok = check_key_text(name, "value name"); !ok) return ok;
  return transaction_.put(Table::value, name, bytes);
}

}  // namespace trialgate::storage
