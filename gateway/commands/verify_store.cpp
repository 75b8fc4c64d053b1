#include "gateway/commands/verify_store.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/progress.h"
#include "storage/store.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

using storage::Digest;
using storage::Result;

constexpr std::size_t rows_in_one_read = 1000;

/// What was found. Everything but orphans and foreign names is damage.
struct StoreCheck {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> damaged;  ///< sentences
  std::vector<Digest> missing;       ///< a row, no blob
  std::vector<Digest> orphans;       ///< a blob, no row
  std::vector<std::string> foreign;
  storage::AuditVerification audit;

  [[nodiscard]] bool is_sound() const { return damaged.empty() && missing.empty() && audit.ok(); }
};

Result<std::vector<Digest>> blobs_on_disk(const storage::Store& store, StoreCheck& check) {
  std::vector<Digest> blobs;
  auto listed = store.blobs().list(
      [&](const Digest& digest) {
        blobs.push_back(digest);
        return true;
      },
      [&](std::string name) { check.foreign.push_back(std::move(name)); });
  if (!listed) return listed.error();
  return blobs;
}

/// Sizes by digest, read in steps so that no transaction lasts.
Result<std::map<Digest, std::uint64_t>> blobs_in_index(const storage::Store& store) {
  std::map<Digest, std::uint64_t> known;
  Digest after;
  for (bool more = true; more;) {
    auto read = store.read([&](const storage::ReadTransaction& transaction) -> Result<void> {
      const auto rows = transaction.index().blobs(rows_in_one_read, after);
      if (!rows) return rows.error();
      for (const storage::BlobRow& row : *rows) known.emplace(row.blob, row.size_bytes);
      more = rows->size() == rows_in_one_read;
      if (!rows->empty()) after = rows->back().blob;
      return {};
    });
    if (!read) return read.error();
  }
  return known;
}

void verify_blobs(const storage::Store& store, const std::vector<Digest>& blobs, std::size_t threads,
                  StoreCheck& check, Progress& progress) {
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  progress.begin("reading blobs", blobs.size());
  const auto work = [&] {
    for (std::size_t i = next++; i < blobs.size(); i = next++) {
      const auto size = store.blobs().verify(blobs[i]);
      progress.step();
      const std::lock_guard lock(mutex);
      ++check.blobs;
      if (size) {
        check.bytes += *size;
      } else {
        check.damaged.push_back("blob " + blobs[i].hex() + ": " + size.error().message());
      }
    }
  };
  std::vector<std::jthread> readers;
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) readers.emplace_back(work);
  readers.clear();
  progress.end();
}

/// The index is read after the directory: a blob that arrived in between is not taken for missing.
Result<void> compare_with_rows(const storage::Store& store, const std::vector<Digest>& on_disk,
                               const std::map<Digest, std::uint64_t>& known, StoreCheck& check) {
  for (const Digest& blob : on_disk) {
    if (!known.contains(blob)) check.orphans.push_back(blob);
  }
  for (const auto& [blob, size] : known) {
    if (std::binary_search(on_disk.begin(), on_disk.end(), blob)) continue;
    const auto there = store.blobs().contains(blob);
    if (!there) return there.error();
    if (!*there) check.missing.push_back(blob);
  }
  return {};
}

/// By the index of the same moment: beside a running node a pack may be newer than any list of blobs.
Result<void> check_extents(const storage::Index& index, const storage::DerivedRow& row, StoreCheck& check) {
  std::uint64_t total = 0;
  for (const storage::Extent& extent : row.data_set) {
    const auto blob = index.blob(extent.blob);
    if (!blob) return blob.error();
    const std::uint64_t size = *blob ? (*blob)->size_bytes : 0;
    if (extent.offset > size || extent.length > size - extent.offset) {
      check.damaged.push_back("derived instance " + row.sop_instance_uid + ": a range is outside of blob " +
                              extent.blob.hex());
    }
    total += extent.length;
  }
  if (total != row.data_set_bytes) {
    check.damaged.push_back("derived instance " + row.sop_instance_uid +
                            ": its ranges do not add up to its size");
  }
  return {};
}

/// Every version of every submission.
Result<void> check_derived(const storage::Store& store, StoreCheck& check) {
  std::uint64_t after = 0;
  for (bool more = true; more;) {
    auto read = store.read([&](const storage::ReadTransaction& transaction) -> Result<void> {
      const auto submissions = transaction.index().submissions(rows_in_one_read / 10, after);
      if (!submissions) return submissions.error();
      more = !submissions->empty();
      for (const storage::SubmissionRow& submission : *submissions) {
        after = submission.id;
        for (std::uint32_t version = 0; version <= submission.version; ++version) {
          Result<void> checked;
          auto walked =
              transaction.index().derived_of(submission.id, version, [&](const storage::DerivedRow& row) {
                checked = check_extents(transaction.index(), row, check);
                return checked.has_value();
              });
          if (!walked) return walked.error();
          if (!checked) return checked;
        }
      }
      return {};
    });
    if (!read) return read.error();
  }
  return {};
}

Result<StoreCheck> verify(const VerifyStoreOptions& options, Progress& progress) {
  storage::PosixFileSystem files;
  storage::StoreConfig config;
  config.directory = options.store.string();
  config.access = storage::Access::read_only;
  auto store = storage::Store::open(config, files);
  if (!store) return store.error();
  StoreCheck check;
  const auto on_disk = blobs_on_disk(**store, check);
  if (!on_disk) return on_disk.error();
  const auto known = blobs_in_index(**store);
  if (!known) return known.error();
  if (auto compared = compare_with_rows(**store, *on_disk, *known, check); !compared) return compared.error();
  verify_blobs(**store, *on_disk, options.threads, check, progress);
  if (auto derived = check_derived(**store, check); !derived) return derived.error();
  auto audit = (*store)->verify_audit();
  if (!audit) return audit.error();
  check.audit = std::move(*audit);
  return check;
}

boost::json::array hex_of(const std::vector<Digest>& digests) {
  boost::json::array array;
  for (const Digest& digest : digests) array.emplace_back(digest.hex());
  return array;
}

void print_json(std::ostream& out, const StoreCheck& check) {
  boost::json::object audit = {
      {"records", check.audit.head.seq}, {"head", check.audit.head.hash.hex()}, {"sound", check.audit.ok()}};
  if (!check.audit.ok()) {
    audit["first_broken"] = *check.audit.first_broken;
    audit["problem"] = check.audit.problem;
  }
  out << boost::json::serialize(
             boost::json::object{{"sound", check.is_sound()},
                                 {"blobs", check.blobs},
                                 {"bytes", check.bytes},
                                 {"damaged", boost::json::array(check.damaged.begin(), check.damaged.end())},
                                 {"missing", hex_of(check.missing)},
                                 {"orphans", hex_of(check.orphans)},
                                 {"foreign", boost::json::array(check.foreign.begin(), check.foreign.end())},
                                 {"audit", std::move(audit)}})
      << '\n';
}

void print_text(std::ostream& out, const StoreCheck& check) {
  for (const std::string& sentence : check.damaged) out << "damaged: " << sentence << '\n';
  for (const Digest& blob : check.missing) out << "missing: blob " << blob.hex() << '\n';
  for (const Digest& blob : check.orphans) out << "no row: blob " << blob.hex() << '\n';
  for (const std::string& name : check.foreign) out << "not the store's: " << name << '\n';
  if (!check.audit.ok()) {
    out << "audit trail: broken at record " << *check.audit.first_broken << ": " << check.audit.problem
        << '\n';
  }
  out << check.blobs << " blobs, " << check.bytes << " bytes, " << check.audit.head.seq
      << " audit records: " << (check.is_sound() ? "sound" : "DAMAGED") << '\n';
}

}  // namespace

int verify_store_command(const VerifyStoreOptions& options, std::ostream& out, std::ostream& err) {
  Progress progress(err, options.progress);
  const auto check = verify(options, progress);
  progress.end();
  if (!check) {
    err << check.error().message() << '\n';
    return exit_could_not;
  }
  if (options.json) {
    print_json(out, *check);
  } else {
    print_text(out, *check);
  }
  return check->is_sound() ? exit_ok : exit_findings;
}

}  // namespace trialgate::gateway
