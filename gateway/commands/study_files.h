#pragma once

#include "gateway/commands/progress.h"
#include "gateway/worker/instance_workers.h"
#include "rules/examine/instance_record.h"
#include "rules/trial/trial.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// A file that something is wrong with, and what, one sentence.
struct FileProblem {
  std::filesystem::path file;
  std::string reason;
};

struct FoundFiles {
  std::vector<std::filesystem::path> files;  ///< Part 10 files, sorted, each once
  std::vector<FileProblem> problems;         ///< named but missing, not readable, or no Part 10 file
  std::size_t ignored = 0;                   ///< other files in folders, DICOMDIR among them
};

/// Part 10 files ("DICM" after 128 bytes, PS3.10 §7.1) among `paths` and in folders below them. Links in
/// folders are not followed.
[[nodiscard]] FoundFiles find_part10_files(std::span<const std::filesystem::path> paths);

struct ExaminedFile {
  std::filesystem::path file;
  rules::InstanceRecord record;
};

/// The files of one Study Instance UID.
struct StudyFiles {
  std::string study_uid;
  std::vector<ExaminedFile> instances;  ///< sorted by file; each SOP Instance UID once
  std::vector<std::string> conflicts;   ///< SOP Instance UIDs of which files with different bytes were given
};

struct ExaminedFiles {
  std::vector<StudyFiles> studies;      ///< sorted by study date, then UID
  std::vector<FileProblem> unreadable;  ///< the instance is to blame
  std::vector<FileProblem> failed;      ///< the machine is: no worker, file gone
  std::size_t duplicates = 0;           ///< files with the same bytes as another one
};

/// Examines files in the workers and groups them by study.
[[nodiscard]] ExaminedFiles examine_files(InstanceWorkers& workers,
                                          const std::vector<std::filesystem::path>& files,
                                          const std::vector<std::string>& extra_paths, Progress& progress);

/// The only site whose register knows the patient of these instances; empty when none does, or several.
[[nodiscard]] std::string site_of(const rules::Trial& trial, const StudyFiles& study);

}  // namespace trialgate::gateway
