#include "gateway/commands/deidentify_files.h"

#include "gateway/commands/derived_file.h"
#include "gateway/commands/exit_status.h"
#include "gateway/commands/judged_study.h"
#include "gateway/commands/load_trial_file.h"
#include "gateway/commands/study_files.h"
#include "gateway/config/key_file.h"
#include "gateway/deliver/deidentification_subject.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <system_error>
#include <utility>
#include <variant>

namespace trialgate::gateway {
namespace {

struct WrittenFile {
  std::filesystem::path source;
  std::string name;  ///< in the output folder
};

struct DeidentifiedFiles {
  std::vector<WrittenFile> written;
  std::vector<FileProblem> refused;
  std::optional<rules::DeidentificationReport> report;
};

std::optional<std::vector<std::uint8_t>> read_key(const std::filesystem::path& path, std::ostream& err) {
  auto key = read_key_file(path);
  if (auto* bytes = std::get_if<std::vector<std::uint8_t>>(&key)) return std::move(*bytes);
  err << std::get<std::string>(key) << '\n';
  return std::nullopt;
}

std::string reason_of(const rules::Held& held) {
  std::string text;
  for (const rules::HoldCause& cause : held.causes) {
    if (!text.empty()) text += "; ";
    text += std::string(to_string(cause.reason)) + ": " + cause.message;
    if (!cause.path.empty()) text += " (" + cause.path + ")";
  }
  return text;
}

/// Runs the instances of all studies through the workers and writes what comes back. The workers' answers are
/// taken on their threads, so that reading, de-identifying and writing go on at the same time.
class FileDeidentifier {
 public:
  FileDeidentifier(InstanceWorkers& workers, storage::FileSystem& files, const storage::Directory& folder,
                   Progress& progress)
      : workers_(workers), files_(files), folder_(folder), progress_(progress) {}

  void refuse(const std::filesystem::path& file, std::string reason) {
    progress_.step();
    const std::lock_guard lock(mutex_);
    result_.refused.push_back({file, std::move(reason)});
  }

  void add(const std::filesystem::path& file, const DeidentificationPlan& plan) {
    storage::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto source = std::make_shared<storage::UniqueFd>(::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0));
    if (!opened || !*source) return refuse(file, std::strerror(errno));
    {
      const std::lock_guard lock(mutex_);
      ++under_way_;
    }
    workers_.deidentify(std::move(opened), plan, [this, file, source](DeidentifyOutcome outcome) {
      take(file, source->get(), std::move(outcome));
      const std::lock_guard lock(mutex_);
      if (--under_way_ == 0) all_done_.notify_all();
    });
  }

  DeidentifiedFiles finish() {
    std::unique_lock lock(mutex_);
    all_done_.wait(lock, [this] { return under_way_ == 0; });
    const auto by_source = [](const auto& a, const auto& b) { return a < b; };
    std::sort(result_.written.begin(), result_.written.end(),
              [&](const auto& a, const auto& b) { return by_source(a.source, b.source); });
    std::sort(result_.refused.begin(), result_.refused.end(),
              [&](const auto& a, const auto& b) { return by_source(a.file, b.file); });
    return std::move(result_);
  }

 private:
  void take(const std::filesystem::path& file, int source, DeidentifyOutcome outcome) {
    if (const auto* failure = std::get_if<WorkerFailure>(&outcome)) return refuse(file, failure->reason);
    if (const auto* held = std::get_if<rules::Held>(&outcome)) return refuse(file, reason_of(*held));
    const auto& derived = std::get<DeidentifiedInstance>(outcome);
    auto name = write_derived_file(files_, folder_, derived, source);
    if (!name) return refuse(file, name.error().message());
    progress_.step();
    const std::lock_guard lock(mutex_);
    result_.written.push_back({file, std::move(*name)});
    if (result_.report) {
      result_.report->merge(derived.instance.report);
    } else {
      result_.report = derived.instance.report;
    }
  }

  InstanceWorkers& workers_;
  storage::FileSystem& files_;
  const storage::Directory& folder_;
  Progress& progress_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::size_t under_way_ = 0;
  DeidentifiedFiles result_;
};

/// Why a study's instances are not de-identified at all; empty when they can be.
std::string obstacle(const JudgedStudy& study, const std::string& wanted_subject) {
  if (study.subject == nullptr) {
    return study.site.empty() ? "the patient is in no site's subject register, or in several: name the site"
                              : "the patient is not in the subject register of site " + study.site;
  }
  if (!wanted_subject.empty() && study.subject->subject_id != wanted_subject) {
    return "the study is of another subject than " + wanted_subject;
  }
  return {};
}

DeidentifiedFiles deidentify_studies(const rules::Trial& trial, const std::vector<JudgedStudy>& judged,
                                     const std::vector<std::uint8_t>& key, const std::string& wanted_subject,
                                     FileDeidentifier& deidentifier) {
  for (const JudgedStudy& study : judged) {
    const std::string problem = obstacle(study, wanted_subject);
    std::optional<DeidentificationPlan> plan;
    if (problem.empty()) {
      plan.emplace(trial.deidentify, deidentification_subject(trial, *study.subject, study.verdict), key);
    }
    for (const ExaminedFile& instance : study.study->instances) {
      if (plan) {
        deidentifier.add(instance.file, *plan);
      } else {
        deidentifier.refuse(instance.file, problem);
      }
    }
  }
  return deidentifier.finish();
}

void print(std::ostream& out, const DeidentifyOptions& options, const DeidentifiedFiles& files) {
  if (options.json) {
    boost::json::array written;
    for (const WrittenFile& file : files.written) {
      written.push_back({{"source", file.source.string()}, {"file", (options.output / file.name).string()}});
    }
    boost::json::array refused;
    for (const FileProblem& file : files.refused) {
      refused.push_back({{"source", file.file.string()}, {"reason", file.reason}});
    }
    boost::json::object object = {{"written", std::move(written)}, {"refused", std::move(refused)}};
    if (files.report) object["report"] = rules::to_json(*files.report);
    out << boost::json::serialize(object) << '\n';
    return;
  }
  for (const FileProblem& file : files.refused)
    out << "refused " << file.file.string() << ": " << file.reason << '\n';
  out << files.written.size() << " written to " << options.output.string() << ", " << files.refused.size()
      << " refused\n";
}

storage::Result<storage::Directory> open_output(storage::FileSystem& files,
                                                const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return storage::fail(storage::Errc::io_error, "cannot make " + folder.string() + ": " + error.message());
  return files.open_root(folder.string());
}

/// The files that cannot even be examined, and those that were given twice with other bytes, are refused.
void refuse_the_rest(const FoundFiles& found, const ExaminedFiles& examined, DeidentifiedFiles& files) {
  for (const auto* problems : {&found.problems, &examined.unreadable, &examined.failed}) {
    files.refused.insert(files.refused.end(), problems->begin(), problems->end());
  }
  for (const StudyFiles& study : examined.studies) {
    for (const std::string& uid : study.conflicts) {
      files.refused.push_back({uid, "given several times with different bytes: only the first was taken"});
    }
  }
}

}  // namespace

int deidentify_command(const DeidentifyOptions& options, std::ostream& out, std::ostream& err) {
  const auto trial = load_trial_file(options.trial, err);
  const auto key = read_key(options.key_file, err);
  if (!trial || !key) return exit_could_not;
  const FoundFiles found = find_part10_files(options.paths);
  if (found.files.empty() && found.problems.empty()) {
    err << "no DICOM file to de-identify\n";
    return exit_could_not;
  }
  storage::PosixFileSystem files;
  const auto folder = open_output(files, options.output);
  if (!folder) {
    err << folder.error().message() << '\n';
    return exit_could_not;
  }
  Progress progress(err, options.progress);
  WorkerPoolConfig pool = options.workers;
  pool.spool_folder = options.output;
  InstanceWorkers workers(std::move(pool));
  const ExaminedFiles examined = examine_files(workers, found.files, trial->attribute_paths, progress);
  const std::vector<JudgedStudy> judged = judge_studies(*trial, examined.studies, options.site);

  progress.begin("de-identifying", found.files.size() - examined.unreadable.size() - examined.failed.size());
  FileDeidentifier deidentifier(workers, files, *folder, progress);
  DeidentifiedFiles result = deidentify_studies(*trial, judged, *key, options.subject, deidentifier);
  progress.end();
  refuse_the_rest(found, examined, result);
  print(out, options, result);
  if (auto synced = files.sync_directory(*folder); !synced) {
    err << synced.error().message() << '\n';
    return exit_could_not;
  }
  if (result.refused.empty()) return exit_ok;
  return examined.failed.empty() ? exit_findings : exit_could_not;
}

}  // namespace trialgate::gateway
