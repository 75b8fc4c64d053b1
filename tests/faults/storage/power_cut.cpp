#include "tests/faults/storage/power_cut.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace trialgate::storage::testing {
namespace {

namespace fs = std::filesystem;
using Kind = TraceEntry::Kind;

constexpr const char* lmdb_path = "index/data.mdb";

std::vector<std::uint8_t> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string TracingFileSystem::relative(const std::string& path) const {
  return path.size() > root_.size() ? path.substr(root_.size() + 1) : std::string();
}

void TracingFileSystem::keep(TraceEntry entry) {
  const std::scoped_lock lock(mutex_);
  if (started_) trace_.push_back(std::move(entry));
}

void TracingFileSystem::acknowledge(const std::string& sop_instance_uid, std::vector<std::uint8_t> bytes) {
  keep({Kind::acknowledged, sop_instance_uid, {}, 0, std::move(bytes)});
}

std::vector<TraceEntry> TracingFileSystem::take() {
  const std::scoped_lock lock(mutex_);
  return std::move(trace_);
}

Result<bool> TracingFileSystem::make_directory(const Directory& parent, const std::string& name) {
  auto made = ForwardingFileSystem::make_directory(parent, name);
  if (made && *made) keep({Kind::make_directory, relative(parent.path + "/" + name), {}, 0, {}});
  return made;
}

Result<File> TracingFileSystem::create_file(const Directory& parent, const std::string& name) {
  auto created = ForwardingFileSystem::create_file(parent, name);
  if (created) keep({Kind::create, relative(created->path), {}, 0, {}});
  return created;
}

Result<void> TracingFileSystem::write(File& file, std::span<const std::uint8_t> bytes) {
  const auto offset = static_cast<std::uint64_t>(status(file).value().size_bytes);
  keep({Kind::write, relative(file.path), {}, offset, {bytes.begin(), bytes.end()}});
  return ForwardingFileSystem::write(file, bytes);
}

Result<void> TracingFileSystem::sync_file(File& file) {
  if (syncs_.files) keep({Kind::sync_file, relative(file.path), {}, 0, {}});
  return {};
}

Result<RenameOutcome> TracingFileSystem::rename_no_replace(const Directory& from,
                                                           const std::string& from_name, const Directory& to,
                                                           const std::string& to_name) {
  auto renamed = ForwardingFileSystem::rename_no_replace(from, from_name, to, to_name);
  if (renamed && *renamed == RenameOutcome::renamed) {
    keep({Kind::rename, relative(from.path + "/" + from_name), relative(to.path + "/" + to_name), 0, {}});
  }
  return renamed;
}

Result<void> TracingFileSystem::sync_directory(const Directory& directory) {
  const std::string path = relative(directory.path);
  if (syncs_.directories(path)) keep({Kind::sync_directory, path, {}, 0, {}});
  return {};
}

Result<void> TracingFileSystem::unlink(const Directory& parent, const std::string& name) {
  auto removed = ForwardingFileSystem::unlink(parent, name);
  if (removed) keep({Kind::unlink, relative(parent.path + "/" + name), {}, 0, {}});
  return removed;
}

std::optional<int> TracingFileSystem::on_write(std::uint64_t offset, std::span<const std::uint8_t> bytes,
                                               bool synchronous) {
  keep({Kind::lmdb_write, lmdb_path, {}, offset, {bytes.begin(), bytes.end()}});
  if (synchronous && syncs_.lmdb) keep({Kind::lmdb_write_durable, lmdb_path, {}, 0, {}});
  return {};
}

std::optional<int> TracingFileSystem::on_sync() {
  if (syncs_.lmdb) keep({Kind::lmdb_sync, lmdb_path, {}, 0, {}});
  return {};
}

PowerCut::PowerCut(const std::string& root) {
  folders_[""];
  for (const auto& found : fs::recursive_directory_iterator(root)) {
    const std::string path = fs::relative(found.path(), root).string();
    // Locks do not outlive the power; LMDB makes its lock file anew.
    if (path == "lock" || path == "index/lock.mdb" || path == "reserve") continue;
    std::string name;
    std::size_t content = is_folder;
    if (found.is_directory()) {
      folders_[path];
    } else {
      content = contents_.size();
      contents_.push_back({read_file(found.path()), {}});
      if (path == lmdb_path) lmdb_ = content;
    }
    Folder& folder = folder_of(path, name);
    folder.durable[name] = content;
    folder.now[name] = content;
  }
}

PowerCut::Folder& PowerCut::folder_of(const std::string& path, std::string& name) {
  const auto slash = path.rfind('/');
  name = slash == std::string::npos ? path : path.substr(slash + 1);
  return folders_[slash == std::string::npos ? std::string() : path.substr(0, slash)];
}

void PowerCut::add(const std::string& path, std::size_t content) {
  std::string name;
  Folder& folder = folder_of(path, name);
  folder.pending.push_back({name, content});
  folder.now[name] = content;
}

void PowerCut::remove(const std::string& path) {
  std::string name;
  Folder& folder = folder_of(path, name);
  folder.pending.push_back({name, std::nullopt});
  folder.now.erase(name);
}

std::size_t PowerCut::content_of(const std::string& path) {
  std::string name;
  const auto& now = folder_of(path, name).now;
  const auto found = now.find(name);
  if (found == now.end()) throw std::logic_error("the trace names a file that is not there: " + path);
  return found->second;
}

void PowerCut::overwrite(std::vector<std::uint8_t>& bytes, std::uint64_t offset,
                         std::span<const std::uint8_t> with) {
  if (bytes.size() < offset + with.size()) bytes.resize(offset + with.size());
  std::copy(with.begin(), with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

void PowerCut::sync(Content& content) {
  for (const Write& write : content.pending) overwrite(content.durable, write.offset, write.bytes);
  content.pending.clear();
}

void PowerCut::apply(const TraceEntry& entry) {
  switch (entry.kind) {
    case Kind::create:
      contents_.emplace_back();
      add(entry.path, contents_.size() - 1);
      break;
    case Kind::write:
      contents_[content_of(entry.path)].pending.push_back({entry.offset, entry.bytes});
      break;
    case Kind::sync_file:
      sync(contents_[content_of(entry.path)]);
      break;
    case Kind::make_directory:
      folders_[entry.path];
      add(entry.path, is_folder);
      break;
    case Kind::rename: {
      const std::size_t content = content_of(entry.path);
      add(entry.to, content);
      remove(entry.path);
      break;
    }
    case Kind::unlink:
      remove(entry.path);
      break;
    case Kind::sync_directory: {
      Folder& folder = folders_[entry.path];
      folder.durable = folder.now;
      folder.pending.clear();
      break;
    }
    case Kind::lmdb_write:
      contents_[lmdb_].pending.push_back({entry.offset, entry.bytes});
      break;
    case Kind::lmdb_write_durable: {
      Content& file = contents_[lmdb_];
      overwrite(file.durable, file.pending.back().offset, file.pending.back().bytes);
      file.pending.pop_back();
      break;
    }
    case Kind::lmdb_sync:
      sync(contents_[lmdb_]);
      break;
    case Kind::acknowledged:
      break;
  }
}

std::vector<std::uint8_t> PowerCut::surviving(const Content& content, const Loss& loss,
                                              std::mt19937_64& random) const {
  std::vector<std::uint8_t> bytes = content.durable;
  if (loss.everything) return bytes;
  for (const Write& write : content.pending) {
    const std::span<const std::uint8_t> all(write.bytes);
    for (std::uint64_t at = 0; at < all.size(); at += loss.block_bytes) {
      const std::uint64_t size = std::min<std::uint64_t>(loss.block_bytes, all.size() - at);
      if (random() % 2 == 0) overwrite(bytes, write.offset + at, all.subspan(at, size));
    }
  }
  return bytes;
}

void PowerCut::restore(const std::string& target, const Loss& loss) const {
  std::mt19937_64 random(loss.seed);
  restore_folder("", target, loss, random);
}

void PowerCut::restore_folder(const std::string& path, const std::string& target, const Loss& loss,
                              std::mt19937_64& random) const {
  const Folder& folder = folders_.at(path);
  std::map<std::string, std::size_t> entries = folder.durable;
  for (const EntryChange& change : folder.pending) {
    if (loss.everything || random() % 2 == 0) continue;
    if (change.content) {
      entries[change.name] = *change.content;
    } else {
      entries.erase(change.name);
    }
  }
  fs::create_directories(target);
  for (const auto& [name, content] : entries) {
    const std::string to = target + "/" + name;
    if (content == is_folder) {
      restore_folder(path.empty() ? name : path + "/" + name, to, loss, random);
      continue;
    }
    const auto bytes = surviving(contents_[content], loss, random);
    std::ofstream file(to, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace trialgate::storage::testing
