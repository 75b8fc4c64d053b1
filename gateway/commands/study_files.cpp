#include "gateway/commands/study_files.h"

#include "gateway/worker/examine_all.h"
#include "storage/digest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace fs = std::filesystem;

enum class Kind { part10, other, not_readable };

Kind kind_of(const fs::path& file) {
  const storage::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened) return Kind::not_readable;
  std::array<char, 4> prefix{};
  if (::pread(opened.get(), prefix.data(), prefix.size(), 128) != static_cast<ssize_t>(prefix.size())) {
    return Kind::other;
  }
  const bool media_directory = file.filename() == "DICOMDIR";
  return std::memcmp(prefix.data(), "DICM", prefix.size()) == 0 && !media_directory ? Kind::part10
                                                                                    : Kind::other;
}

void search_folder(const fs::path& folder, FoundFiles& found) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file() || entry->is_symlink()) continue;
    switch (kind_of(entry->path())) {
      case Kind::part10:
        found.files.push_back(entry->path());
        break;
      case Kind::other:
        ++found.ignored;
        break;
      case Kind::not_readable:
        found.problems.push_back({entry->path(), "cannot be opened"});
        break;
    }
  }
  if (error) found.problems.push_back({folder, "cannot be searched: " + error.message()});
}

std::variant<storage::UniqueFd, std::string> open_path(const fs::path& path) {
  storage::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::string(std::strerror(errno));
  return file;
}

std::optional<storage::Digest> digest_of(const fs::path& path) {
  const storage::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  storage::DigestBuilder builder;
  std::vector<std::uint8_t> buffer(1U << 20U);
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return builder.finish();
    builder.update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

/// A study that is being put together.
struct Grouping {
  StudyFiles study;
  std::unordered_map<std::string, std::size_t> by_uid;  ///< place in study.instances
};

/// Adds a file to its study, unless its SOP Instance UID is there already.
void add_to_study(Grouping& grouping, ExaminedFile file, ExaminedFiles& all) {
  StudyFiles& study = grouping.study;
  const std::string& uid = file.record.sop_instance_uid;
  const auto [place, is_new] = grouping.by_uid.emplace(uid, study.instances.size());
  if (is_new) {
    study.instances.push_back(std::move(file));
    return;
  }
  const auto one = digest_of(study.instances[place->second].file);
  if (one && one == digest_of(file.file)) {
    ++all.duplicates;
  } else if (std::find(study.conflicts.begin(), study.conflicts.end(), uid) == study.conflicts.end()) {
    study.conflicts.push_back(uid);
  }
}

std::string study_date(const StudyFiles& study) {
  const auto date = study.instances.front().record.text("StudyDate");
  return date ? std::string(*date) : std::string();
}

}  // namespace

FoundFiles find_part10_files(std::span<const fs::path> paths) {
  FoundFiles found;
  for (const fs::path& path : paths) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_directory(status)) {
      search_folder(path, found);
    } else if (!fs::exists(status)) {
      found.problems.push_back({path, "no such file or folder"});
    } else if (const Kind kind = kind_of(path); kind == Kind::part10) {
      found.files.push_back(path);
    } else {
      found.problems.push_back({path, kind == Kind::other ? "not a DICOM Part 10 file" : "cannot be opened"});
    }
  }
  std::sort(found.files.begin(), found.files.end());
  found.files.erase(std::unique(found.files.begin(), found.files.end()), found.files.end());
  return found;
}

ExaminedFiles examine_files(InstanceWorkers& workers, const std::vector<fs::path>& files,
                            const std::vector<std::string>& extra_paths, Progress& progress) {
  ExaminedFiles result;
  progress.begin("examining", files.size());
  auto outcomes = examine_all(
      workers, files.size(), [&](std::size_t i) { return open_path(files[i]); }, extra_paths,
      [&] { progress.step(); });
  progress.end();
  std::map<std::string, Grouping> studies;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (const auto* failure = std::get_if<WorkerFailure>(&outcomes[i])) {
      (failure->blames_instance() ? result.unreadable : result.failed).push_back({files[i], failure->reason});
      continue;
    }
    auto& record = std::get<ExaminedInstance>(outcomes[i]).record;
    Grouping& grouping = studies[record.study_uid];
    grouping.study.study_uid = record.study_uid;
    add_to_study(grouping, {files[i], std::move(record)}, result);
  }
  for (auto& [uid, grouping] : studies) result.studies.push_back(std::move(grouping.study));
  std::stable_sort(result.studies.begin(), result.studies.end(),
                   [](const StudyFiles& a, const StudyFiles& b) { return study_date(a) < study_date(b); });
  return result;
}

std::string site_of(const rules::Trial& trial, const StudyFiles& study) {
  std::set<std::string> sites;
  for (const rules::Subject& subject : trial.subjects.subjects()) sites.insert(subject.site);
  const rules::InstanceRecord& record = study.instances.front().record;
  const auto patient_id = record.text("PatientID");
  if (!patient_id) return {};
  const auto issuer = record.text("IssuerOfPatientID");
  std::string found;
  for (const std::string& site : sites) {
    if (trial.subjects.find(site, issuer ? *issuer : std::string_view(), *patient_id) == nullptr) continue;
    if (!found.empty()) return {};
    found = site;
  }
  return found;
}

}  // namespace trialgate::gateway
