#include "storage/lmdb/lmdb_performed_steps.h"

#include "storage/encode_commitments.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"

#include <utility>

namespace trialgate::storage {
namespace {

std::string step_key(std::string_view site, std::string_view sop_instance_uid) {
  return Key().text(site).text(sop_instance_uid).bytes();
}

Result<void> check(std::string_view site, std::string_view uid) {
  if (auto ok = check_key_text(site, "site"); !ok) return ok;
  return check_key_uid(uid, "UID");
}

}  // namespace

Result<std::optional<PerformedStepRow>> LmdbPerformedSteps::step(std::string_view site,
                                                                 std::string_view sop_instance_uid) const {
  if (auto ok = check(site, sop_instance_uid); !ok) return ok.error();
  return get_row(transaction_, Table::performed_step, step_key(site, sop_instance_uid),
                 decode_performed_step);
}

Result<std::vector<PerformedStepRow>> LmdbPerformedSteps::steps_of(std::string_view site,
                                                                   std::string_view study_uid) const {
  if (auto ok = check(site, study_uid); !ok) return ok.error();
  std::vector<PerformedStepRow> rows;
  const std::string prefix = Key().text(site).text(study_uid).bytes();
  const auto walked = transaction_.scan(Table::performed_step_by_study, prefix, {},
                                        [&](std::string_view key, std::string_view) -> Result<bool> {
                                          auto row = require_row(transaction_, Table::performed_step,
                                                                 step_key(site, key.substr(prefix.size())),
                                                                 decode_performed_step);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return true;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::optional<std::string>> LmdbPerformedSteps::message(std::string_view site,
                                                               std::string_view sop_instance_uid,
                                                               std::uint32_t message) const {
  if (auto ok = check(site, sop_instance_uid); !ok) return ok.error();
  return get_bytes(transaction_, Table::performed_step_message,
                   Key().text(site).text(sop_instance_uid).u32(message).bytes());
}

Result<void> LmdbPerformedSteps::put_step(const PerformedStepRow& row) {
  if (auto ok = check(row.site, row.sop_instance_uid); !ok) return ok;
  for (const std::string& study_uid : row.study_uids) {
    if (auto ok = check_key_uid(study_uid, "Study Instance UID"); !ok) return ok;
    const std::string key = Key().text(row.site).text(study_uid).raw(row.sop_instance_uid).bytes();
    if (auto put = transaction_.put(Table::performed_step_by_study, key, {}); !put) return put;
  }
  return transaction_.put(Table::performed_step, step_key(row.site, row.sop_instance_uid), encode(row));
}

Result<void> LmdbPerformedSteps::add_message(std::string_view site, std::string_view sop_instance_uid,
                                             std::string_view bytes) {
  auto row = step(site, sop_instance_uid);
  if (!row) return row.error();
  if (!*row) return fail(Errc::not_found, "performed procedure step " + std::string(sop_instance_uid));
  ++(*row)->messages;
  const std::string key = Key().text(site).text(sop_instance_uid).u32((*row)->messages).bytes();
  if (auto put = transaction_.put_new(Table::performed_step_message, key, bytes); !put) return put;
  return transaction_.put(Table::performed_step, step_key(site, sop_instance_uid), encode(**row));
}

}  // namespace trialgate::storage
