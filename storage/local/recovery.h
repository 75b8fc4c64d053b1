#pragma once

#include "storage/lmdb/environment.h"
#include "storage/local/local_blob_store.h"
#include "storage/result.h"
#include "storage/store.h"

namespace trialgate::storage {

/// Compares the blobs on disk with those that the index knows, both in ascending order, so that it takes one
/// pass and a fixed amount of memory. Only while nothing is published. Contents are not read.
[[nodiscard]] Result<RecoveryReport> scan_for_orphans(const LocalBlobStore& blobs,
                                                      const LmdbEnvironment& environment);

}  // namespace trialgate::storage
