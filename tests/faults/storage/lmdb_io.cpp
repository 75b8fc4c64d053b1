#include "tests/faults/storage/lmdb_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <stdexcept>

namespace trialgate::storage::testing {
namespace {

// One observed file for the whole process: the interposed functions have nowhere else to look.
struct Observed {
  std::recursive_mutex mutex;
  LmdbIoObserver* observer = nullptr;
  dev_t device = 0;
  ino_t inode = 0;
  std::atomic<std::uint64_t> calls = 0;
};

Observed& observed() {
  static Observed instance;
  return instance;
}

bool is_observed(int fd) {
  struct stat info {};
  return observed().observer != nullptr && ::fstat(fd, &info) == 0 && info.st_dev == observed().device &&
         info.st_ino == observed().inode;
}

std::optional<int> ask_write(int fd, std::uint64_t offset, const void* bytes, std::size_t size) {
  ++observed().calls;
  const bool synchronous = (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  return observed().observer->on_write(offset, {static_cast<const std::uint8_t*>(bytes), size}, synchronous);
}

}  // namespace

ObserveLmdb::ObserveLmdb(const std::string& path, LmdbIoObserver& observer) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw std::runtime_error("no LMDB file " + path);
  const std::scoped_lock lock(observed().mutex);
  observed().device = info.st_dev;
  observed().inode = info.st_ino;
  observed().observer = &observer;
}

ObserveLmdb::~ObserveLmdb() {
  const std::scoped_lock lock(observed().mutex);
  observed().observer = nullptr;
}

std::uint64_t lmdb_calls_seen() {
  return observed().calls;
}

}  // namespace trialgate::storage::testing

using trialgate::storage::testing::ask_write;
using trialgate::storage::testing::is_observed;
using trialgate::storage::testing::observed;

// The names and types are those of the C library, which these replace.
extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  const std::scoped_lock lock(observed().mutex);
  if (is_observed(fd)) {
    if (const auto error = ask_write(fd, static_cast<std::uint64_t>(offset), bytes, size)) {
      errno = *error;
      return -1;
    }
  }
  return ::syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  const std::scoped_lock lock(observed().mutex);
  if (is_observed(fd)) {
    auto offset = static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR));
    for (int i = 0; i < count; ++i) {
      if (const auto error = ask_write(fd, offset, parts[i].iov_base, parts[i].iov_len)) {
        errno = *error;
        return -1;
      }
      offset += parts[i].iov_len;
    }
  }
  return ::syscall(SYS_writev, fd, parts, count);
}

int fdatasync(int fd) {
  const std::unique_lock lock(observed().mutex);
  if (is_observed(fd)) {
    ++observed().calls;
    if (const auto error = observed().observer->on_sync()) {
      errno = *error;
      return -1;
    }
  }
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

}  // extern "C"
