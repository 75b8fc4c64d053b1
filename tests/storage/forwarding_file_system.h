#pragma once

#include "storage/file_system.h"

#include <string>
#include <vector>

namespace trialgate::storage::testing {

/// Hands every operation to the real file system: the base of the doubles that fail or record some of them.
class ForwardingFileSystem : public FileSystem {
 public:
  Result<Directory> open_root(const std::string& path) override { return real_.open_root(path); }
  Result<Directory> open_directory(const Directory& parent, const std::string& name) override {
    return real_.open_directory(parent, name);
  }
  Result<bool> make_directory(const Directory& parent, const std::string& name) override {
    return real_.make_directory(parent, name);
  }
  Result<std::vector<std::string>> list(const Directory& directory) override { return real_.list(directory); }
  Result<File> create_file(const Directory& parent, const std::string& name) override {
    return real_.create_file(parent, name);
  }
  Result<File> open_file(const Directory& parent, const std::string& name) override {
    return real_.open_file(parent, name);
  }
  Result<void> write(File& file, std::span<const std::uint8_t> bytes) override {
    return real_.write(file, bytes);
  }
  Result<std::size_t> read_at(const File& file, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return real_.read_at(file, offset, into);
  }
  Result<FileStatus> status(const File& file) override { return real_.status(file); }
  Result<void> sync_file(File& file) override { return real_.sync_file(file); }
  void start_write_out(File& file) override { real_.start_write_out(file); }
  void drop_cached(const File& file) override { real_.drop_cached(file); }
  Result<void> allocate(File& file, std::uint64_t size_bytes) override {
    return real_.allocate(file, size_bytes);
  }
  Result<RenameOutcome> rename_no_replace(const Directory& from, const std::string& from_name,
                                          const Directory& to, const std::string& to_name) override {
    return real_.rename_no_replace(from, from_name, to, to_name);
  }
  Result<void> sync_directory(const Directory& directory) override { return real_.sync_directory(directory); }
  Result<void> unlink(const Directory& parent, const std::string& name) override {
    return real_.unlink(parent, name);
  }
  Result<Space> space(const Directory& directory) override { return real_.space(directory); }
  Result<File> lock(const Directory& parent, const std::string& name) override {
    return real_.lock(parent, name);
  }

 private:
  PosixFileSystem real_;
};

}  // namespace trialgate::storage::testing
