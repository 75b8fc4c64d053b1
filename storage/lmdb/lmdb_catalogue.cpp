#include "storage/lmdb/lmdb_catalogue.h"

#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"
#include "storage/row_codec.h"

#include <algorithm>
#include <set>
#include <utility>

namespace trialgate::storage {
namespace {

// The key members of a row are not in its value: rows are many, and small.
constexpr std::uint8_t study_version = 1;
constexpr std::uint8_t series_version = 1;
constexpr std::uint8_t instance_version = 1;

constexpr std::uint64_t most_names = 16;
constexpr std::uint64_t max_u32 = 0xFFFFFFFF;

Key shelf_key(const Shelf& shelf) {
  return Key().enumerator(shelf.kind).text(shelf.destination);
}

std::string study_key(const Shelf& shelf, std::uint64_t submission) {
  return shelf_key(shelf).u64(submission).bytes();
}

std::string series_key(const Shelf& shelf, std::uint64_t submission, std::string_view uid) {
  return shelf_key(shelf).u64(submission).raw(uid).bytes();
}

std::string instance_key(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                         std::string_view uid) {
  return shelf_key(shelf).u64(submission).u32(series).raw(uid).bytes();
}

std::string secondary_key(const Shelf& shelf, CatalogueKey key, std::string_view text,
                          std::uint64_t submission) {
  return shelf_key(shelf).enumerator(key).text(catalogue_key_text(text)).u64(submission).bytes();
}

/// A NUL byte would end the text in the key too early.
Result<void> check_shelf(const Shelf& shelf) {
  return check_key_text(shelf.destination, "destination");
}

Result<void> check_texts(const CatalogueStudy& row) {
  if (auto ok = check_key_uid(row.study_uid, "Study Instance UID"); !ok) return ok;
  for (const std::string* text : {&row.patient_id, &row.accession_number, &row.study_date}) {
    if (auto ok = check_key_text(catalogue_key_text(*text), "a text to find a study by"); !ok) return ok;
  }
  for (const std::string& name : row.names) {
    if (auto ok = check_key_text(catalogue_key_text(name), "a name to find a study by"); !ok) return ok;
  }
  if (row.names.size() > most_names) return fail(Errc::invalid_argument, "a study has too many names");
  return {};
}

std::set<std::string> secondary_keys(const Shelf& shelf, const CatalogueStudy& row) {
  const auto of = [&](CatalogueKey key, std::string_view text) {
    return secondary_key(shelf, key, text, row.submission);
  };
  std::set<std::string> keys{of(CatalogueKey::study_uid, row.study_uid),
                             of(CatalogueKey::patient_id, row.patient_id),
                             of(CatalogueKey::study_date, row.study_date)};
  if (!row.accession_number.empty()) keys.insert(of(CatalogueKey::accession_number, row.accession_number));
  for (const std::string& name : row.names) keys.insert(of(CatalogueKey::patient_name, name));
  return keys;
}

std::string encode(const CatalogueStudy& row) {
  RowWriter out(study_version);
  out.text(row.study_uid);
  out.text(row.patient_id);
  out.text(row.accession_number);
  out.text(row.study_date);
  out.integer(row.names.size());
  for (const std::string& name : row.names) out.text(name);
  out.integer(row.series_count);
  out.integer(row.instance_count);
  out.text(row.attributes);
  return out.take();
}

Result<CatalogueStudy> decode_study(std::string_view bytes) {
  RowReader in(bytes, study_version);
  CatalogueStudy row;
  row.study_uid = in.text();
  row.patient_id = in.text();
  row.accession_number = in.text();
  row.study_date = in.text();
  const std::uint64_t names = in.integer(most_names);
  for (std::uint64_t i = 0; i < names && in.ok(); ++i) row.names.push_back(in.text());
  row.series_count = static_cast<std::uint32_t>(in.integer(max_u32));
  row.instance_count = static_cast<std::uint32_t>(in.integer(max_u32));
  row.attributes = in.text();
  if (auto end = in.finish("study"); !end) return end.error();
  return row;
}

std::string encode(const CatalogueSeries& row) {
  RowWriter out(series_version);
  out.integer(row.number);
  out.integer(row.instance_count);
  out.text(row.attributes);
  return out.take();
}

Result<CatalogueSeries> decode_series(std::string_view bytes) {
  RowReader in(bytes, series_version);
  CatalogueSeries row;
  row.number = static_cast<std::uint32_t>(in.integer(max_u32));
  row.instance_count = static_cast<std::uint32_t>(in.integer(max_u32));
  row.attributes = in.text();
  if (auto end = in.finish("series"); !end) return end.error();
  return row;
}

std::string encode(const CatalogueInstance& row) {
  RowWriter out(instance_version);
  out.text(row.attributes);
  return out.take();
}

Result<CatalogueInstance> decode_instance_attributes(std::string_view bytes) {
  RowReader in(bytes, instance_version);
  CatalogueInstance row;
  row.attributes = in.text();
  if (auto end = in.finish("catalogued instance"); !end) return end.error();
  return row;
}

Result<void> erase_all(LmdbTransaction& transaction, Table table, const std::string& prefix) {
  // Values may move with every erasure, so keys are gathered first, some at a time.
  constexpr std::size_t at_once = 1'000;
  for (;;) {
    std::vector<std::string> keys;
    auto walked =
        transaction.scan(table, prefix, {}, [&](std::string_view key, std::string_view) -> Result<bool> {
          keys.emplace_back(key);
          return keys.size() < at_once;
        });
    if (!walked) return walked;
    for (const std::string& key : keys) {
      if (auto erased = transaction.erase(table, key); !erased) return erased;
    }
    if (keys.size() < at_once) return {};
  }
}

}  // namespace

Result<std::optional<CatalogueStudy>> LmdbCatalogue::study(const Shelf& shelf,
                                                           std::uint64_t submission) const {
  if (auto ok = check_shelf(shelf); !ok) return ok.error();
  auto row = get_row(transaction_, Table::catalogue_study, study_key(shelf, submission), decode_study);
  if (row && *row) (*row)->submission = submission;
  return row;
}

Result<std::optional<CatalogueSeries>> LmdbCatalogue::series(const Shelf& shelf, std::uint64_t submission,
                                                             std::string_view series_uid) const {
  if (auto ok = check_shelf(shelf); !ok) return ok.error();
  if (auto ok = check_key_uid(series_uid, "Series Instance UID"); !ok) return ok.error();
  auto row = get_row(transaction_, Table::catalogue_series, series_key(shelf, submission, series_uid),
                     decode_series);
  if (row && *row) (*row)->series_uid = series_uid;
  return row;
}

Result<std::optional<CatalogueInstance>> LmdbCatalogue::instance(const Shelf& shelf, std::uint64_t submission,
                                                                 std::uint32_t series,
                                                                 std::string_view sop_instance_uid) const {
  if (auto ok = check_shelf(shelf); !ok) return ok.error();
  if (auto ok = check_key_uid(sop_instance_uid, "SOP Instance UID"); !ok) return ok.error();
  auto row = get_row(transaction_, Table::catalogue_instance,
                     instance_key(shelf, submission, series, sop_instance_uid), decode_instance_attributes);
  if (row && *row) (*row)->sop_instance_uid = sop_instance_uid;
  return row;
}

Result<void> LmdbCatalogue::studies(const Shelf& shelf, std::uint64_t after,
                                    const std::function<bool(const CatalogueStudy&)>& visit) const {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  const std::string prefix = shelf_key(shelf).bytes();
  return transaction_.scan(Table::catalogue_study, prefix, just_after(study_key(shelf, after)),
                           [&](std::string_view key, std::string_view bytes) -> Result<bool> {
                             auto row = decode_study(bytes);
                             if (!row) return row.error();
                             row->submission = read_u64(key.substr(prefix.size()));
                             return visit(*row);
                           });
}

Result<void> LmdbCatalogue::keys(const Shelf& shelf, CatalogueKey key, std::string_view from,
                                 const std::optional<CataloguePlace>& after,
                                 const std::function<bool(const CataloguePlace&)>& visit) const {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  const std::string prefix = shelf_key(shelf).enumerator(key).bytes();
  const std::string start = after ? just_after(secondary_key(shelf, key, after->text, after->submission))
                                  : Key().raw(prefix).raw(catalogue_key_text(from)).bytes();
  CataloguePlace place;
  return transaction_.scan(Table::catalogue_key, prefix, start,
                           [&](std::string_view bytes, std::string_view) -> Result<bool> {
                             if (bytes.size() < prefix.size() + 9)
                               return fail(Errc::corrupt, "catalogue key");
                             place.text = bytes.substr(prefix.size(), bytes.size() - prefix.size() - 9);
                             place.submission = read_u64(bytes.substr(bytes.size() - 8));
                             return visit(place);
                           });
}

Result<void> LmdbCatalogue::series_of(const Shelf& shelf, std::uint64_t submission, std::string_view after,
                                      const std::function<bool(const CatalogueSeries&)>& visit) const {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  const std::string prefix = study_key(shelf, submission);
  const std::string start = just_after(series_key(shelf, submission, after));
  return transaction_.scan(Table::catalogue_series, prefix, start,
                           [&](std::string_view key, std::string_view bytes) -> Result<bool> {
                             auto row = decode_series(bytes);
                             if (!row) return row.error();
                             row->series_uid = key.substr(prefix.size());
                             return visit(*row);
                           });
}

Result<void> LmdbCatalogue::instances_of(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                                         std::string_view after,
                                         const std::function<bool(const CatalogueInstance&)>& visit) const {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  const std::string prefix = instance_key(shelf, submission, series, {});
  const std::string start = just_after(instance_key(shelf, submission, series, after));
  return transaction_.scan(Table::catalogue_instance, prefix, start,
                           [&](std::string_view key, std::string_view bytes) -> Result<bool> {
                             auto row = decode_instance_attributes(bytes);
                             if (!row) return row.error();
                             row->sop_instance_uid = key.substr(prefix.size());
                             return visit(*row);
                           });
}

Result<void> LmdbCatalogue::put_study(const Shelf& shelf, const CatalogueStudy& row) {
  if (row.submission == 0) return fail(Errc::invalid_argument, "submission id 0");
  if (auto ok = check_shelf(shelf); !ok) return ok;
  if (auto ok = check_texts(row); !ok) return ok;
  const auto old = study(shelf, row.submission);
  if (!old) return old.error();
  const std::set<std::string> keys = secondary_keys(shelf, row);
  const std::set<std::string> old_keys = *old ? secondary_keys(shelf, **old) : std::set<std::string>{};
  for (const std::string& key : old_keys) {
    if (keys.contains(key)) continue;
    if (auto erased = transaction_.erase(Table::catalogue_key, key); !erased) return erased;
  }
  for (const std::string& key : keys) {
    if (old_keys.contains(key)) continue;
    if (auto put = transaction_.put(Table::catalogue_key, key, {}); !put) return put;
  }
  return transaction_.put(Table::catalogue_study, study_key(shelf, row.submission), encode(row));
}

Result<void> LmdbCatalogue::put_series(const Shelf& shelf, std::uint64_t submission,
                                       const CatalogueSeries& row) {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  if (auto ok = check_key_uid(row.series_uid, "Series Instance UID"); !ok) return ok;
  const std::string key = series_key(shelf, submission, row.series_uid);
  const auto known = transaction_.get(Table::catalogue_series, key);
  if (!known) return known.error();
  if (!*known) {
    auto put = transaction_.put(
        Table::catalogue_key, secondary_key(shelf, CatalogueKey::series_uid, row.series_uid, submission), {});
    if (!put) return put;
  }
  return transaction_.put(Table::catalogue_series, key, encode(row));
}

Result<void> LmdbCatalogue::put_instance(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                                         const CatalogueInstance& row) {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  if (auto ok = check_key_uid(row.sop_instance_uid, "SOP Instance UID"); !ok) return ok;
  return transaction_.put(Table::catalogue_instance,
                          instance_key(shelf, submission, series, row.sop_instance_uid), encode(row));
}

Result<void> LmdbCatalogue::erase_instance(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                                           std::string_view sop_instance_uid) {
  if (auto ok = check_shelf(shelf); !ok) return ok;
  if (auto ok = check_key_uid(sop_instance_uid, "SOP Instance UID"); !ok) return ok;
  return transaction_.erase(Table::catalogue_instance,
                            instance_key(shelf, submission, series, sop_instance_uid));
}

Result<void> LmdbCatalogue::erase_study(const Shelf& shelf, std::uint64_t submission) {
  const auto row = study(shelf, submission);
  if (!row) return row.error();
  if (!*row) return {};
  std::set<std::string> keys = secondary_keys(shelf, **row);
  auto walked = series_of(shelf, submission, {}, [&](const CatalogueSeries& series) {
    keys.insert(secondary_key(shelf, CatalogueKey::series_uid, series.series_uid, submission));
    return true;
  });
  if (!walked) return walked;
  for (const std::string& key : keys) {
    if (auto erased = transaction_.erase(Table::catalogue_key, key); !erased) return erased;
  }
  const std::string prefix = study_key(shelf, submission);
  if (auto erased = erase_all(transaction_, Table::catalogue_instance, prefix); !erased) return erased;
  if (auto erased = erase_all(transaction_, Table::catalogue_series, prefix); !erased) return erased;
  return transaction_.erase(Table::catalogue_study, prefix);
}

}  // namespace trialgate::storage
