#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace trialgate::storage::testing {

/// Sees what LMDB does with its data file. LMDB does its own I/O, past the FileSystem; this program defines
/// pwrite, writev and fdatasync itself, which the dynamic linker then gives to LMDB too.
class LmdbIoObserver {
 public:
  virtual ~LmdbIoObserver() = default;

  /// Before bytes are written. An errno value: fail with it instead. `synchronous`: the descriptor has
  /// O_DSYNC (LMDB's meta page), so success means durable.
  virtual std::optional<int> on_write(std::uint64_t offset, std::span<const std::uint8_t> bytes,
                                      bool synchronous) = 0;
  /// Before fdatasync.
  virtual std::optional<int> on_sync() = 0;
};

/// While this lives, `observer` sees the I/O on the file `path`. One at a time.
class ObserveLmdb {
 public:
  ObserveLmdb(const std::string& path, LmdbIoObserver& observer);
  ~ObserveLmdb();
  ObserveLmdb(const ObserveLmdb&) = delete;
  ObserveLmdb& operator=(const ObserveLmdb&) = delete;
};

/// How often LMDB's calls came through here at all: a test that expects them must not pass because they did
/// not.
std::uint64_t lmdb_calls_seen();

}  // namespace trialgate::storage::testing
