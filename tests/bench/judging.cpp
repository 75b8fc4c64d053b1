// What examination and judgement cost beside a store that is empty, or holds many instances of many subjects.
//     judging fill STORE TRIAL.yaml FOLDER INSTANCES SUBJECTS
// puts INSTANCES rows of SUBJECTS earlier studies into the store, a hundredth of them with a record of the
// first file's.
//     judging measure STORE TRIAL.yaml FOLDER TRIALGATE
// examines the Part 10 files of FOLDER, which are one study, in worker processes of the program TRIALGATE,
// records and judges them as the node does, and prints CPU time, workers included, and elapsed time in
// milliseconds as one JSON object.

#include "gateway/config/trial_book.h"
#include "gateway/pipeline/examined_record.h"
#include "gateway/pipeline/judge.h"
#include "gateway/worker/examine_all.h"
#include "tests/storage/support.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace trialgate;
using storage::ReadTransaction;
using storage::Transaction;

constexpr std::size_t rows_of_a_commit = 2000;
constexpr std::size_t records_of_a_commit = 64;
/// Number of the first instance of the study that is measured, beyond all that are stored.
constexpr std::uint64_t first_of_study = 1ULL << 40U;

/// Of this process and of the children that have ended.
double cpu_ms() {
  double total = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      total += static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    }
  }
  return total;
}

/// CPU and elapsed time since its construction.
class Stopwatch {
 public:
  [[nodiscard]] double cpu() const { return cpu_ms() - cpu_; }
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double cpu_ = cpu_ms();
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

template <class T>
T value(storage::Result<T> result) {
  if (!result) give_up(result.error().message());
  return std::move(*result);
}

void commit(storage::Store& store, std::function<storage::Result<void>(Transaction&)> apply) {
  if (const auto done = store.commit(std::move(apply)); !done) give_up(done.error().message());
}

/// A name for a blob that is not there: only rows are looked at.
storage::Digest digest(std::uint64_t number) {
  storage::Digest::Bytes bytes{};
  std::uint64_t mixed = number;
  for (std::uint8_t& byte : bytes) {
    mixed = mixed * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::uint8_t>(mixed >> 56U);
  }
  return storage::Digest(bytes);
}

storage::InstanceRow instance(const std::string& sop_instance_uid, std::uint64_t number,
                              std::uint64_t submission, const std::string& study_uid) {
  auto row = storage::testing::instance_row(sop_instance_uid, digest(number), 530'000);
  row.site = "SITE01";
  row.state = storage::InstanceState::examined;
  row.study_uid = study_uid;
  row.series_uid = study_uid + ".1";
  row.submission = submission;
  return row;
}

storage::SubmissionRow submission(std::uint64_t id, const std::string& study_uid, std::uint64_t instances) {
  storage::SubmissionRow row;
  row.id = id;
  row.site = "SITE01";
  row.study_uid = study_uid;
  row.version = 1;
  row.instance_count = instances;
  row.last_arrival = row.entered_state_at = storage::testing::at(1'780'000'000);
  return row;
}

void fill(storage::Store& store, const std::string& record, std::uint64_t instances, std::uint64_t subjects) {
  const std::uint64_t of_each = std::max<std::uint64_t>(instances / subjects, 1);
  std::uint64_t number = 0;
  while (number < instances) {
    const std::uint64_t from = number;
    const std::uint64_t to = std::min(from + rows_of_a_commit, instances);
    commit(store, [&](Transaction& transaction) -> storage::Result<void> {
      for (std::uint64_t at = from; at < to; ++at) {
        const std::uint64_t study = at / of_each;
        const std::string study_uid = "2.25.7" + std::to_string(study);
        if (at % of_each == 0) {
          const auto id = transaction.index().allocate_submission_id();
          if (!id) return id.error();
          auto row = submission(*id, study_uid, of_each);
          row.trial_id = "ONC-301";
          row.subject = "S" + std::to_string(study);
          row.time_point = "BL";
          row.state = storage::SubmissionState::confirmed;
          if (auto put = transaction.index().put_submission(row); !put) return put;
        }
        const auto row = instance(study_uid + "." + std::to_string(at), at, study + 1, study_uid);
        if (auto put = transaction.index().put_instance(row); !put) return put;
        if (at % 100 != 0) continue;
        if (auto put = transaction.index().put_record(row.blob, record); !put) return put;
      }
      return {};
    });
    number = to;
  }
}

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> files_of(const char* folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  if (files.empty()) give_up("no files");
  return files;
}

std::unique_ptr<gateway::TrialBook> load_trial(gateway::NodeConfig& config, const char* file) {
  config.trials.push_back({file, {}});
  auto loaded = gateway::TrialBook::load(config);
  if (const auto* const errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) {
    give_up(errors->front().message);
  }
  return std::move(std::get<std::unique_ptr<gateway::TrialBook>>(loaded));
}

/// All files in worker processes, which have ended when this returns.
std::vector<rules::InstanceRecord> examine(const std::vector<std::filesystem::path>& files,
                                           const gateway::ExaminedPaths& wanted, const char* program) {
  gateway::WorkerPoolConfig config;
  config.command = {program, "worker"};
  gateway::InstanceWorkers workers(config);
  const auto open = [&](std::size_t i) -> std::variant<storage::UniqueFd, std::string> {
    return storage::UniqueFd(::open(files[i].c_str(), O_RDONLY | O_CLOEXEC));
  };
  auto outcomes = gateway::examine_all(workers, files.size(), open, wanted.paths, [] {});
  std::vector<rules::InstanceRecord> records;
  for (gateway::ExamineOutcome& outcome : outcomes) {
    if (const auto* const failure = std::get_if<gateway::WorkerFailure>(&outcome)) give_up(failure->reason);
    records.push_back(std::move(std::get<gateway::ExaminedInstance>(outcome).record));
  }
  return records;
}

/// Records as many at a time as the node does.
void record(storage::Store& store, const std::vector<rules::InstanceRecord>& records,
            const gateway::ExaminedPaths& wanted, const storage::SubmissionRow& row) {
  for (std::size_t from = 0; from < records.size(); from += records_of_a_commit) {
    const std::size_t to = std::min(from + records_of_a_commit, records.size());
    commit(store, [&](Transaction& transaction) -> storage::Result<void> {
      if (auto put = transaction.index().put_submission(row); !put) return put;
      for (std::size_t at = from; at < to; ++at) {
        const auto known = instance(records[at].sop_instance_uid, first_of_study + at, row.id, row.study_uid);
        if (auto put = transaction.index().put_instance(known); !put) return put;
        auto put =
            transaction.index().put_record(known.blob, gateway::encode(records[at], wanted.fingerprint));
        if (!put) return put;
      }
      return {};
    });
  }
}

void measure(storage::Store& store, const gateway::TrialBook& trials, const gateway::NodeConfig& config,
             const std::vector<std::filesystem::path>& files, const char* program) {
  const auto wanted = gateway::examined_paths(*trials.current());
  const Stopwatch examining;
  const auto records = examine(files, wanted, program);
  const double examined = examining.cpu();

  std::uint64_t id = 0;
  commit(store, [&](Transaction& transaction) -> storage::Result<void> {
    const auto allocated = transaction.index().allocate_submission_id();
    if (!allocated) return allocated.error();
    id = *allocated;
    return {};
  });
  auto row = submission(id, records.front().study_uid, records.size());
  row.state = storage::SubmissionState::examined;
  const Stopwatch recording;
  record(store, records, wanted, row);
  const double recorded = recording.cpu();

  gateway::InstanceWorkers workers(gateway::WorkerPoolConfig{});  // none is asked: every record is fresh
  gateway::Logger log(stderr, gateway::LogFormat::text, dimse::Level::error);
  gateway::Judge judge(store, workers, trials, config, log);
  const Stopwatch judging;
  if (const auto judged = judge.judge(row); !judged) give_up(judged.error().message());
  const double judged_cpu = judging.cpu();
  const double judged_elapsed = judging.elapsed();
  const auto count = static_cast<double>(records.size());
  std::printf(
      "{\"instances\": %zu, \"examine_cpu_ms\": %.4f, \"record_cpu_ms\": %.4f, "
      "\"judge_cpu_ms\": %.1f, \"judge_elapsed_ms\": %.1f}\n",
      records.size(), examined / count, recorded / count, judged_cpu, judged_elapsed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (!(what == "fill" && argc == 7) && !(what == "measure" && argc == 6)) {
    give_up(
        "usage: judging fill STORE TRIAL.yaml FOLDER INSTANCES SUBJECTS\n"
        "       judging measure STORE TRIAL.yaml FOLDER TRIALGATE");
  }
  gateway::NodeConfig config;
  const auto trials = load_trial(config, argv[3]);
  const auto files = files_of(argv[4]);
  storage::PosixFileSystem file_system;
  auto store_config = storage::testing::small_store(argv[2]);
  store_config.map_size_bytes = std::uint64_t{16} << 30U;
  const auto store = value(storage::Store::open(store_config, file_system));
  if (what == "measure") {
    measure(*store, *trials, config, files, argv[5]);
    return 0;
  }
  const auto wanted = gateway::examined_paths(*trials->current());
  const auto first = rules::examine(bytes_of(files.front()), wanted.paths);
  if (!first) give_up("not readable: " + files.front().string());
  fill(*store, gateway::encode(*first, wanted.fingerprint), std::stoull(argv[5]), std::stoull(argv[6]));
  return 0;
}
