#pragma once

#include "tests/faults/storage/lmdb_io.h"
#include "tests/storage/forwarding_file_system.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace trialgate::storage::testing {

/// One thing that happened to a store, in the order in which it happened. Paths are relative to the store.
struct TraceEntry {
  enum class Kind {
    create,
    write,
    sync_file,
    make_directory,
    rename,
    unlink,
    sync_directory,
    lmdb_write,
    lmdb_write_durable,  ///< the lmdb_write just before it has returned, and its descriptor is synchronous
    lmdb_sync,
    acknowledged,
  };

  Kind kind;
  std::string path;  ///< of a file or directory; of an acknowledged instance its SOP Instance UID
  std::string to;    ///< rename: new path
  std::uint64_t offset = 0;
  std::vector<std::uint8_t> bytes;  ///< written; of an acknowledged instance its content
};

/// A real file system that writes down what changes, and what is synced. Any thread.
class TracingFileSystem final : public ForwardingFileSystem, public LmdbIoObserver {
 public:
  /// Which syncs really happen; the others succeed without effect: the negative controls.
  struct Syncs {
    bool files = true;
    std::function<bool(const std::string& path)> directories = [](const std::string&) { return true; };
    bool lmdb = true;
  };

  TracingFileSystem(std::string root, Syncs syncs) : root_(std::move(root)), syncs_(std::move(syncs)) {}

  /// From here on entries are kept.
  void start() { started_ = true; }
  void acknowledge(const std::string& sop_instance_uid, std::vector<std::uint8_t> bytes);
  [[nodiscard]] std::vector<TraceEntry> take();

  Result<bool> make_directory(const Directory& parent, const std::string& name) override;
  Result<File> create_file(const Directory& parent, const std::string& name) override;
  Result<void> write(File& file, std::span<const std::uint8_t> bytes) override;
  Result<void> sync_file(File& file) override;
  Result<RenameOutcome> rename_no_replace(const Directory& from, const std::string& from_name,
                                          const Directory& to, const std::string& to_name) override;
  Result<void> sync_directory(const Directory& directory) override;
  Result<void> unlink(const Directory& parent, const std::string& name) override;
  std::optional<int> on_write(std::uint64_t offset, std::span<const std::uint8_t> bytes,
                              bool synchronous) override;
  std::optional<int> on_sync() override;

 private:
  std::string relative(const std::string& path) const;
  void keep(TraceEntry entry);

  std::string root_;
  Syncs syncs_;
  bool started_ = false;
  std::mutex mutex_;
  std::vector<TraceEntry> trace_;
};

/// What a power cut leaves of the changes that were not synced yet.
struct Loss {
  bool everything = true;           ///< else each directory entry and each block is lost or not by chance
  std::uint64_t block_bytes = 512;  ///< what the medium writes at once
  std::uint64_t seed = 0;
};

/// Models the medium under a store: file contents are durable when the file was synced, directory entries
/// when their directory was, and each without the other. A rename is a removal in one directory and an
/// addition in another, which may be lost one by one; real journaling file systems are kinder. LMDB's file
/// counts as a file whose entry is durable from the beginning.
class PowerCut {
 public:
  /// `root`: a store as it stands, all of it taken as durable.
  explicit PowerCut(const std::string& root);

  void apply(const TraceEntry& entry);
  /// Writes into the empty directory `target` what is there when power comes back.
  void restore(const std::string& target, const Loss& loss) const;

 private:
  struct Write {
    std::uint64_t offset;
    std::vector<std::uint8_t> bytes;
  };
  struct Content {
    std::vector<std::uint8_t> durable;
    std::vector<Write> pending;
  };
  struct EntryChange {
    std::string name;
    std::optional<std::size_t> content;  ///< none: removed
  };
  struct Folder {
    std::map<std::string, std::size_t> durable;
    std::vector<EntryChange> pending;
    std::map<std::string, std::size_t> now;
  };
  static constexpr std::size_t is_folder = static_cast<std::size_t>(-1);

  Folder& folder_of(const std::string& path, std::string& name);
  void add(const std::string& path, std::size_t content);
  void remove(const std::string& path);
  std::size_t content_of(const std::string& path);
  static void overwrite(std::vector<std::uint8_t>& bytes, std::uint64_t offset,
                        std::span<const std::uint8_t> with);
  void sync(Content& content);
  void restore_folder(const std::string& path, const std::string& target, const Loss& loss,
                      std::mt19937_64& random) const;
  std::vector<std::uint8_t> surviving(const Content& content, const Loss& loss,
                                      std::mt19937_64& random) const;

  std::vector<Content> contents_;
  std::map<std::string, Folder> folders_;
  std::size_t lmdb_ = 0;
};

}  // namespace trialgate::storage::testing
