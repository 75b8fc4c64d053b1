#pragma once

#include "storage/result.h"
#include "storage/time.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::storage {

/// Owns a POSIX file descriptor and closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives the descriptor away; the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// An open regular file. `path` is for messages and test doubles, never used to open anything.
struct File {
  UniqueFd fd;
  std::string path;
};

/// An open directory, the base of every further step; `path` as in File.
struct Directory {
  UniqueFd fd;
  std::string path;
};

/// What fstat tells about a regular file.
struct FileStatus {
  std::uint64_t size_bytes = 0;
  UtcTime modified_at;
};

/// Room on the file system that holds a directory, as an unprivileged process sees it.
struct Space {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
};

enum class RenameOutcome { renamed, target_exists };

/// Every file operation of the room passes through here, so that tests can fail or forget any of them. (LMDB
/// does its own I/O on its own file.) Names are single path components; symbolic links are never followed.
/// All operations may be called from any thread. Errors: no_space (ENOSPC, EDQUOT), not_found (ENOENT),
/// in_use (a lock that is held), io_error (everything else); `where` is a sentence part with path and errno
/// text.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Opens an existing directory by its full path; the only operation that takes one and follows links.
  [[nodiscard]] virtual Result<Directory> open_root(const std::string& path) = 0;
  [[nodiscard]] virtual Result<Directory> open_directory(const Directory& parent,
                                                         const std::string& name) = 0;
  /// Makes a directory (mode 0700). False: it was already there.
  [[nodiscard]] virtual Result<bool> make_directory(const Directory& parent, const std::string& name) = 0;
  /// Names of everything in the directory but "." and "..", in no order.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const Directory& directory) = 0;

  /// Creates a new file (mode 0600) for reading and writing; an existing one is an io_error.
  [[nodiscard]] virtual Result<File> create_file(const Directory& parent, const std::string& name) = 0;
  /// Opens an existing regular file for reading.
  [[nodiscard]] virtual Result<File> open_file(const Directory& parent, const std::string& name) = 0;
  /// Writes all of `bytes` at the file's position.
  [[nodiscard]] virtual Result<void> write(File& file, std::span<const std::uint8_t> bytes) = 0;
  /// Reads up to `into.size()` bytes at `offset`; fewer only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read_at(const File& file, std::uint64_t offset,
                                                    std::span<std::uint8_t> into) = 0;
  [[nodiscard]] virtual Result<FileStatus> status(const File& file) = 0;
  /// fsync of the file: data and size are on the medium when it returns. After a failure nothing is known
  /// about the file any more and it must not be tried again: Linux may have dropped the dirty pages.
  [[nodiscard]] virtual Result<void> sync_file(File& file) = 0;
  /// Lets the kernel start writing out what was written so far, so that a later sync_file of a big file does
  /// not stall. A hint: no promise, no error.
  virtual void start_write_out(File& file) = 0;
  /// Lets the next read come from the medium instead of the page cache, if the kernel agrees. A hint.
  virtual void drop_cached(const File& file) = 0;
  /// Reserves `size_bytes` of real room for a file (no sparse file).
  [[nodiscard]] virtual Result<void> allocate(File& file, std::uint64_t size_bytes) = 0;

  /// renameat2(RENAME_NOREPLACE): atomic, never overwrites.
  [[nodiscard]] virtual Result<RenameOutcome> rename_no_replace(const Directory& from,
                                                                const std::string& from_name,
                                                                const Directory& to,
                                                                const std::string& to_name) = 0;
  /// fsync of the directory: its entries are on the medium when it returns. Failure as in sync_file.
  [[nodiscard]] virtual Result<void> sync_directory(const Directory& directory) = 0;
  [[nodiscard]] virtual Result<void> unlink(const Directory& parent, const std::string& name) = 0;

  [[nodiscard]] virtual Result<Space> space(const Directory& directory) = 0;
  /// Opens or creates `name` and takes an exclusive flock on it, which lasts until the File is closed. Error:
  /// in_use when another process (or another File of this one) holds it.
  [[nodiscard]] virtual Result<File> lock(const Directory& parent, const std::string& name) = 0;
};

/// The real thing. Stateless.
class PosixFileSystem final : public FileSystem {
 public:
  Result<Directory> open_root(const std::string& path) override;
  Result<Directory> open_directory(const Directory& parent, const std::string& name) override;
  Result<bool> make_directory(const Directory& parent, const std::string& name) override;
  Result<std::vector<std::string>> list(const Directory& directory) override;
  Result<File> create_file(const Directory& parent, const std::string& name) override;
  Result<File> open_file(const Directory& parent, const std::string& name) override;
  Result<void> write(File& file, std::span<const std::uint8_t> bytes) override;
  Result<std::size_t> read_at(const File& file, std::uint64_t offset, std::span<std::uint8_t> into) override;
  Result<FileStatus> status(const File& file) override;
  Result<void> sync_file(File& file) override;
  void start_write_out(File& file) override;
  void drop_cached(const File& file) override;
  Result<void> allocate(File& file, std::uint64_t size_bytes) override;
  Result<RenameOutcome> rename_no_replace(const Directory& from, const std::string& from_name,
                                          const Directory& to, const std::string& to_name) override;
  Result<void> sync_directory(const Directory& directory) override;
  Result<void> unlink(const Directory& parent, const std::string& name) override;
  Result<Space> space(const Directory& directory) override;
  Result<File> lock(const Directory& parent, const std::string& name) override;
};

/// pread until `into` is full or the file ends. `path` is for the message only.
[[nodiscard]] Result<std::size_t> read_fd_at(int fd, std::uint64_t offset, std::span<std::uint8_t> into,
                                             std::string_view path);

/// The Failure for an errno value: "cannot <doing> <path>: <errno text>".
[[nodiscard]] Failure fail_errno(int error, std::string_view doing, std::string_view path);

}  // namespace trialgate::storage
