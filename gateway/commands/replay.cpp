#include "gateway/commands/replay.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/load_trial_file.h"
#include "gateway/commands/progress.h"
#include "gateway/pipeline/judge.h"
#include "gateway/worker/examine_all.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <iomanip>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

/// A submission and what the node said of it.
struct Stored {
  storage::SubmissionRow row;
  std::optional<rules::Verdict> verdict;
};

struct Replayed {
  Stored stored;
  rules::Verdict verdict;
  std::string problem;  ///< why it could not be judged; empty: it was

  [[nodiscard]] bool changes() const {
    return problem.empty() && stored.verdict && stored.verdict->outcome != verdict.outcome;
  }
};

class Replay {
 public:
  Replay(const storage::Store& store, const rules::Trial& trial, InstanceWorkers& workers, Progress& progress)
      : store_(store), trial_(trial), workers_(workers), progress_(progress) {}

  /// The trial's judged submissions, or those that are asked for, by study date.
  [[nodiscard]] storage::Result<std::vector<Stored>> find(const std::vector<std::uint64_t>& wanted) const {
    constexpr std::size_t page = 200;
    std::vector<Stored> found;
    std::uint64_t after = 0;
    bool more = true;
    while (more) {
      auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
        auto rows = transaction.index().submissions(page, after);
        if (!rows) return rows.error();
        more = rows->size() == page;
        for (storage::SubmissionRow& row : *rows) {
          after = row.id;
          const bool asked = wanted.empty() ? row.trial_id == trial_.protocol_id
                                            : std::ranges::find(wanted, row.id) != wanted.end();
          if (!asked || row.state == storage::SubmissionState::withdrawn) continue;
          auto verdict = read_verdict(transaction, row);
          found.push_back({std::move(row), verdict ? std::optional(std::move(*verdict)) : std::nullopt});
        }
        return {};
      });
      if (!read) return read.error();
    }
    std::ranges::stable_sort(found, {}, [](const Stored& one) {
      return one.verdict && one.verdict->visit.study_date ? *one.verdict->visit.study_date
                                                          : rules::Date::max();
    });
    return found;
  }

  Replayed judge(Stored stored) {
    Replayed replayed{std::move(stored), {}, {}};
    std::unique_ptr<SubmissionFile> file;
    auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto submission = read_submission(transaction, replayed.stored.row);
      if (!submission) return submission.error();
      file = std::move(*submission);
      return {};
    });
    replayed.problem = read ? examine_anew(*file) : read.error().message();
    if (!replayed.problem.empty()) return replayed;
    const rules::Subject* const subject = rules::identify_subject(trial_, file->facts);
    read = store_.read([&](const storage::ReadTransaction& transaction) {
      return add_rulings(transaction, trial_, subject, replayed.stored.row.id, file->facts);
    });
    if (!read) {
      replayed.problem = read.error().message();
      return replayed;
    }
    rules::SubjectHistory no_history;
    rules::SubjectHistory& history = subject != nullptr ? histories_[subject->subject_id] : no_history;
    replayed.verdict = rules::evaluate(trial_, file->facts, history);
    if (replayed.verdict.outcome == rules::Outcome::release) {
      history.studies.push_back({file->facts.study_uid, replayed.verdict.time_point_id,
                                 replayed.verdict.visit.study_date, replayed.verdict.facts});
    }
    return replayed;
  }

 private:
  /// Puts fresh records in the place of the stored ones; what is wrong, else.
  std::string examine_anew(SubmissionFile& file) {
    progress_.begin("examining", file.blobs.size());
    const auto open = [&](std::size_t i) -> std::variant<storage::UniqueFd, std::string> {
      auto blob = store_.blobs().open(file.blobs[i]);
      if (!blob) return blob.error().message();
      return std::move(blob->fd);
    };
    auto outcomes =
        examine_all(workers_, file.blobs.size(), open, trial_.attribute_paths, [this] { progress_.step(); });
    progress_.end();
    file.records.clear();
    file.facts.records.clear();
    for (ExamineOutcome& outcome : outcomes) {
      if (const auto* const failure = std::get_if<WorkerFailure>(&outcome)) return failure->reason;
      file.records.push_back(std::move(std::get<ExaminedInstance>(outcome).record));
    }
    for (const rules::InstanceRecord& record : file.records) file.facts.records.push_back(&record);
    return {};
  }

  const storage::Store& store_;
  const rules::Trial& trial_;
  InstanceWorkers& workers_;
  Progress& progress_;
  std::map<std::string, rules::SubjectHistory> histories_;  ///< by subject ID
};

std::string outcome_before(const Replayed& one) {
  return one.stored.verdict ? std::string(to_string(one.stored.verdict->outcome)) : "not judged";
}

json::object to_json(const Replayed& one) {
  const storage::SubmissionRow& row = one.stored.row;
  json::object object{{"id", row.id}, {"subject", row.subject}, {"before", outcome_before(one)}};
  if (one.stored.verdict) {
    object["before_time_point"] = row.time_point;
    object["before_rules"] = one.stored.verdict->findings_in_short();
  }
  if (!one.problem.empty()) {
    object["problem"] = one.problem;
    return object;
  }
  object["after"] = to_string(one.verdict.outcome);
  object["after_time_point"] = one.verdict.time_point_id;
  object["after_rules"] = one.verdict.findings_in_short();
  object["changes"] = one.changes();
  return object;
}

void print(std::ostream& out, const std::vector<Replayed>& all) {
  const auto or_dash = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
  out << std::left << std::setw(6) << "id" << std::setw(16) << "subject" << std::setw(8) << "visit"
      << std::setw(13) << "before" << std::setw(13) << "after"
      << "rules after\n";
  for (const Replayed& one : all) {
    const std::string after =
        one.problem.empty() ? std::string(to_string(one.verdict.outcome)) : "not judged";
    out << std::left << std::setw(6) << one.stored.row.id << std::setw(16) << or_dash(one.stored.row.subject)
        << std::setw(8) << or_dash(one.verdict.time_point_id) << std::setw(13) << outcome_before(one)
        << std::setw(13) << after << (one.changes() ? "CHANGES: " : "")
        << (one.problem.empty() ? one.verdict.findings_in_short() : one.problem) << '\n';
  }
}

}  // namespace

int replay_command(const ReplayOptions& options, std::ostream& out, std::ostream& err) {
  const auto trial = load_trial_file(options.trial, err);
  if (!trial) return exit_could_not;
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::read_only, files);
  if (!store) {
    err << "trialgate: " << store.error().message() << '\n';
    return exit_could_not;
  }
  Progress progress(err, options.progress);
  InstanceWorkers workers(options.workers);
  Replay replay(**store, *trial, workers, progress);
  auto found = replay.find(options.submissions);
  if (!found) {
    err << "trialgate: " << found.error().message() << '\n';
    return exit_could_not;
  }
  std::vector<Replayed> all;
  for (Stored& stored : *found) all.push_back(replay.judge(std::move(stored)));
  if (options.json) {
    json::array list;
    for (const Replayed& one : all) list.push_back(to_json(one));
    out << json::serialize(json::object{{"submissions", std::move(list)}}) << '\n';
  } else {
    print(out, all);
  }
  if (all.empty()) err << "no submission of trial " << trial->protocol_id << " is stored\n";
  const auto could_not = [](const Replayed& one) { return !one.problem.empty(); };
  if (all.empty() || std::ranges::any_of(all, could_not)) return exit_could_not;
  return std::ranges::any_of(all, &Replayed::changes) ? exit_findings : exit_ok;
}

}  // namespace trialgate::gateway
