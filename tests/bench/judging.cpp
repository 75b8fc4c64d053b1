// What examination and judgement cost beside a store that is empty, or holds many instances of many subjects.
//     judging STORE TRIAL.yaml FOLDER STORED_INSTANCES SUBJECTS
// FOLDER holds the Part 10 files of one study. STORED_INSTANCES rows of SUBJECTS earlier studies are put into
// the store first, a hundredth of them with a record of the first file's. Then every file is examined and
// recorded as the node does, and the study is judged. Prints CPU time of this process and elapsed time, in
// milliseconds, as one JSON object.

#include "gateway/config/trial_book.h"
#include "gateway/pipeline/examined_record.h"
#include "gateway/pipeline/judge.h"
#include "tests/storage/support.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
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

double cpu_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
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
  if (instances == 0) return;
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

struct Costs {
  double examine_cpu = 0;  ///< of all files
  double record_cpu = 0;
};

/// Examines the files and records them as instances of `row`.
Costs examine_and_record(storage::Store& store, const std::vector<std::filesystem::path>& files,
                         const gateway::ExaminedPaths& wanted, std::uint64_t first_number,
                         storage::SubmissionRow& row) {
  Costs costs;
  std::vector<rules::InstanceRecord> batch;
  for (std::size_t at = 0; at < files.size(); ++at) {
    const auto bytes = bytes_of(files[at]);
    const Stopwatch examining;
    auto record = rules::examine(bytes, wanted.paths);
    costs.examine_cpu += examining.cpu();
    if (!record) give_up("not readable: " + files[at].string());
    batch.push_back(std::move(*record));
    if (batch.size() < records_of_a_commit && at + 1 < files.size()) continue;
    const Stopwatch recording;
    row.study_uid = batch.front().study_uid;
    commit(store, [&](Transaction& transaction) -> storage::Result<void> {
      if (auto put = transaction.index().put_submission(row); !put) return put;
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::uint64_t number = first_number + at + 1 - batch.size() + i;
        const auto known = instance(batch[i].sop_instance_uid, number, row.id, row.study_uid);
        if (auto put = transaction.index().put_instance(known); !put) return put;
        auto put = transaction.index().put_record(known.blob, gateway::encode(batch[i], wanted.fingerprint));
        if (!put) return put;
      }
      return {};
    });
    costs.record_cpu += recording.cpu();
    batch.clear();
  }
  return costs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) give_up("usage: judging STORE TRIAL.yaml FOLDER STORED_INSTANCES SUBJECTS");
  const std::uint64_t stored = std::stoull(argv[4]);
  const std::uint64_t subjects = std::max<std::uint64_t>(std::stoull(argv[5]), 1);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[3])) files.push_back(entry.path());
  std::ranges::sort(files);
  if (files.empty()) give_up("no files");

  gateway::NodeConfig config;
  config.trials.push_back({argv[2], {}});
  auto loaded = gateway::TrialBook::load(config);
  if (const auto* const errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) {
    give_up(errors->front().message);
  }
  const auto trials = std::move(std::get<std::unique_ptr<gateway::TrialBook>>(loaded));
  const auto wanted = gateway::examined_paths(*trials->current());

  storage::PosixFileSystem file_system;
  auto store_config = storage::testing::small_store(argv[1]);
  store_config.map_size_bytes = std::uint64_t{16} << 30U;
  const auto store = value(storage::Store::open(store_config, file_system));

  const auto first = rules::examine(bytes_of(files.front()), wanted.paths);  // also reads the dictionary
  if (!first) give_up("not readable: " + files.front().string());
  fill(*store, gateway::encode(*first, wanted.fingerprint), stored, subjects);

  std::uint64_t id = 0;
  commit(*store, [&](Transaction& transaction) -> storage::Result<void> {
    const auto allocated = transaction.index().allocate_submission_id();
    if (!allocated) return allocated.error();
    id = *allocated;
    return {};
  });
  auto row = submission(id, "", files.size());
  row.state = storage::SubmissionState::examined;
  const Costs costs = examine_and_record(*store, files, wanted, stored + 1, row);

  gateway::InstanceWorkers workers(gateway::WorkerPoolConfig{});  // none is asked: every record is fresh
  gateway::Logger log(stderr, gateway::LogFormat::text, dimse::Level::error);
  gateway::Judge judge(*store, workers, *trials, config, log);
  const Stopwatch judging;
  if (const auto judged = judge.judge(row); !judged) give_up(judged.error().message());
  const double judged_cpu = judging.cpu();
  const double judged_elapsed = judging.elapsed();
  const auto count = static_cast<double>(files.size());
  std::printf(
      "{\"stored\": %llu, \"subjects\": %llu, \"instances\": %zu, \"examine_cpu_ms\": %.4f, "
      "\"record_cpu_ms\": %.4f, \"judge_cpu_ms\": %.1f, \"judge_elapsed_ms\": %.1f}\n",
      static_cast<unsigned long long>(stored), static_cast<unsigned long long>(subjects), files.size(),
      costs.examine_cpu / count, costs.record_cpu / count, judged_cpu, judged_elapsed);
  return 0;
}
