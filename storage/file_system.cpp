#include "storage/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <system_error>

namespace trialgate::storage {
namespace {

std::string path_in(const Directory& parent, const std::string& name) {
  return parent.path + "/" + name;
}

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

Result<File> open_at(const Directory& parent, const std::string& name, int flags, std::string_view doing) {
  UniqueFd fd(::openat(parent.fd.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(errno, doing, path_in(parent, name));
  return File{std::move(fd), path_in(parent, name)};
}

// For file systems without RENAME_NOREPLACE (some network and FUSE ones): link() does not overwrite either.
// The temporary name that stays behind when unlink fails is removed at start-up; the new name is what counts.
Result<RenameOutcome> link_and_unlink(const Directory& from, const std::string& from_name,
                                      const Directory& to, const std::string& to_name) {
  if (::linkat(from.fd.get(), from_name.c_str(), to.fd.get(), to_name.c_str(), 0) != 0) {
    if (errno == EEXIST) return RenameOutcome::target_exists;
    return fail_errno(errno, "link", path_in(to, to_name));
  }
  (void)::unlinkat(from.fd.get(), from_name.c_str(), 0);
  return RenameOutcome::renamed;
}

}  // namespace

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Failure fail_errno(int error, std::string_view doing, std::string_view path) {
  Errc code = Errc::io_error;
  if (error == ENOSPC || error == EDQUOT) code = Errc::no_space;
  if (error == ENOENT) code = Errc::not_found;
  std::string where = "cannot ";
  where.append(doing).append(" ").append(path).append(": ").append(std::generic_category().message(error));
  return fail(code, std::move(where));
}

Result<std::size_t> read_fd_at(int fd, std::uint64_t offset, std::span<std::uint8_t> into,
                               std::string_view path) {
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return std::size_t{0};
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "read", path);
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<Directory> PosixFileSystem::open_root(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open directory", path);
  return Directory{std::move(fd), path};
}

Result<Directory> PosixFileSystem::open_directory(const Directory& parent, const std::string& name) {
  auto opened = open_at(parent, name, O_RDONLY | O_DIRECTORY, "open directory");
  if (!opened) return opened.error();
  return Directory{std::move(opened->fd), std::move(opened->path)};
}

Result<bool> PosixFileSystem::make_directory(const Directory& parent, const std::string& name) {
  if (::mkdirat(parent.fd.get(), name.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  return fail_errno(errno, "make directory", path_in(parent, name));
}

Result<std::vector<std::string>> PosixFileSystem::list(const Directory& directory) {
  // A descriptor of its own, because fdopendir takes it over and its position is shared by duplicates.
  UniqueFd fd(::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "list", directory.path);
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (!stream) return fail_errno(errno, "list", directory.path);
  (void)fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno(errno, "list", directory.path);
  return names;
}

Result<File> PosixFileSystem::create_file(const Directory& parent, const std::string& name) {
  return open_at(parent, name, O_RDWR | O_CREAT | O_EXCL, "create");
}

Result<File> PosixFileSystem::open_file(const Directory& parent, const std::string& name) {
  // O_NONBLOCK: a FIFO that somebody put there must not hang the caller; it means nothing for a regular file.
  auto opened = open_at(parent, name, O_RDONLY | O_NONBLOCK, "open");
  if (!opened) return opened;
  struct stat info {};
  if (::fstat(opened->fd.get(), &info) != 0) return fail_errno(errno, "examine", opened->path);
  if (!S_ISREG(info.st_mode)) {
    return fail(Errc::io_error, "cannot open " + opened->path + ": it is not a regular file");
  }
  return opened;
}

Result<void> PosixFileSystem::write(File& file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.fd.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "write", file.path);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> PosixFileSystem::read_at(const File& file, std::uint64_t offset,
                                             std::span<std::uint8_t> into) {
  return read_fd_at(file.fd.get(), offset, into, file.path);
}

Result<FileStatus> PosixFileSystem::status(const File& file) {
  struct stat info {};
  if (::fstat(file.fd.get(), &info) != 0) return fail_errno(errno, "examine", file.path);
  const auto since_epoch =
      std::chrono::seconds(info.st_mtim.tv_sec) +
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(info.st_mtim.tv_nsec));
  return FileStatus{static_cast<std::uint64_t>(info.st_size), UtcTime(since_epoch)};
}

Result<void> PosixFileSystem::sync_file(File& file) {
  if (::fsync(file.fd.get()) != 0) return fail_errno(errno, "sync", file.path);
  return {};
}

void PosixFileSystem::start_write_out(File& file) {
  (void)::sync_file_range(file.fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

void PosixFileSystem::drop_cached(const File& file) {
  (void)::posix_fadvise(file.fd.get(), 0, 0, POSIX_FADV_DONTNEED);
}

Result<void> PosixFileSystem::allocate(File& file, std::uint64_t size_bytes) {
  const int error = ::posix_fallocate(file.fd.get(), 0, static_cast<off_t>(size_bytes));
  if (error != 0) return fail_errno(error, "allocate room for", file.path);
  return {};
}

Result<RenameOutcome> PosixFileSystem::rename_no_replace(const Directory& from, const std::string& from_name,
                                                         const Directory& to, const std::string& to_name) {
  if (::renameat2(from.fd.get(), from_name.c_str(), to.fd.get(), to_name.c_str(), RENAME_NOREPLACE) == 0) {
    return RenameOutcome::renamed;
  }
  if (errno == EEXIST) return RenameOutcome::target_exists;
  if (errno == EINVAL || errno == ENOSYS) return link_and_unlink(from, from_name, to, to_name);
  return fail_errno(errno, "rename a temporary file to", path_in(to, to_name));
}

Result<void> PosixFileSystem::sync_directory(const Directory& directory) {
  if (::fsync(directory.fd.get()) != 0) return fail_errno(errno, "sync directory", directory.path);
  return {};
}

Result<void> PosixFileSystem::unlink(const Directory& parent, const std::string& name) {
  if (::unlinkat(parent.fd.get(), name.c_str(), 0) != 0) {
    return fail_errno(errno, "remove", path_in(parent, name));
  }
  return {};
}

Result<Space> PosixFileSystem::space(const Directory& directory) {
  struct statvfs info {};
  if (::fstatvfs(directory.fd.get(), &info) != 0) return fail_errno(errno, "ask for room on", directory.path);
  return Space{std::uint64_t{info.f_blocks} * info.f_frsize, std::uint64_t{info.f_bavail} * info.f_frsize};
}

Result<File> PosixFileSystem::lock(const Directory& parent, const std::string& name) {
  auto opened = open_at(parent, name, O_RDWR | O_CREAT, "open");
  if (!opened) return opened;
  if (::flock(opened->fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(Errc::in_use, opened->path + " is locked");
    return fail_errno(errno, "lock", opened->path);
  }
  return opened;
}

}  // namespace trialgate::storage
