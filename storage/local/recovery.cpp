#include "storage/local/recovery.h"

#include "storage/lmdb/lmdb_index.h"

#include <optional>
#include <utility>
#include <vector>

namespace trialgate::storage {
namespace {

// The known blobs one after the other, read in steps so that no read transaction lasts long.
class KnownBlobs {
 public:
  explicit KnownBlobs(const LmdbEnvironment& environment) : environment_(environment) {}

  // The blob that take() returns next; none at the end.
  Result<std::optional<Digest>> peek() {
    if (at_ == rows_.size() && !ended_) {
      if (auto filled = fill(); !filled) return filled.error();
    }
    if (at_ == rows_.size()) return std::optional<Digest>();
    return std::optional<Digest>(rows_[at_].blob);
  }
  void take() { last_ = rows_[at_++].blob; }

 private:
  static constexpr std::size_t step = 4096;

  Result<void> fill() {
    auto transaction = LmdbTransaction::begin(environment_, LmdbTransaction::Mode::read);
    if (!transaction) return transaction.error();
    auto rows = LmdbIndex(*transaction).blobs(step, last_);
    if (!rows) return rows.error();
    rows_ = std::move(*rows);
    at_ = 0;
    ended_ = rows_.empty();
    return {};
  }

  const LmdbEnvironment& environment_;
  std::vector<BlobRow> rows_;
  std::size_t at_ = 0;
  Digest last_;
  bool ended_ = false;
};

// Moves `known` past everything below `limit` (everything at all without one): rows without a blob.
Result<void> skip_missing(KnownBlobs& known, const std::optional<Digest>& limit, RecoveryReport& report) {
  for (;;) {
    const auto next = known.peek();
    if (!next) return next.error();
    if (!*next || (limit && **next >= *limit)) return {};
    report.missing_blobs.push_back(**next);
    ++report.blobs_in_index;
    known.take();
  }
}

Result<void> compare(KnownBlobs& known, const LocalBlobStore& blobs, const Digest& on_disk,
                     RecoveryReport& report) {
  ++report.blobs_on_disk;
  if (auto skipped = skip_missing(known, on_disk, report); !skipped) return skipped;
  const auto next = known.peek();
  if (!next) return next.error();
  if (*next && **next == on_disk) {
    ++report.blobs_in_index;
    known.take();
    return {};
  }
  const auto status = blobs.status(on_disk);
  if (!status) return status.error();
  report.orphans.push_back({on_disk, status->size_bytes, status->modified_at});
  return {};
}

}  // namespace

Result<RecoveryReport> scan_for_orphans(const LocalBlobStore& blobs, const LmdbEnvironment& environment) {
  RecoveryReport report;
  KnownBlobs known(environment);
  Result<void> compared;
  const auto listed = blobs.list(
      [&](const Digest& digest) {
        compared = compare(known, blobs, digest, report);
        return compared.has_value();
      },
      [&](std::string name) { report.foreign_names.push_back(std::move(name)); });
  if (!listed) return listed.error();
  if (!compared) return compared.error();
  if (auto skipped = skip_missing(known, {}, report); !skipped) return skipped.error();
  return report;
}

}  // namespace trialgate::storage
