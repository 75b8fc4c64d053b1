#include "gateway/pipeline/judge.h"

#include "gateway/notify/queries.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/standing.h"
#include "gateway/pipeline/transition.h"
#include "gateway/reconcile/source_check.h"
#include "gateway/worker/examine_all.h"
#include "gateway/worklist/performed_steps.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>

namespace trialgate::gateway {
namespace {

/// The verdict about a study that no trial of this node can be found for.
rules::Verdict verdict_without_trial(const SubmissionFile& file) {
  rules::Verdict verdict;
  verdict.version = file.facts.previous_version + 1;
  verdict.site = file.facts.site;
  verdict.study_uid = file.facts.study_uid;
  verdict.instance_count = file.instances.size();
  rules::Finding finding;
  finding.rule_id = "node/trial";
  finding.property = "trial";
  finding.expected = "a trial of this node";
  finding.text = {"It cannot be told which trial the study belongs to.", "无法确定该检查属于哪个试验。"};
  finding.remedy = {"Send the study to the trial's own AE title, or have the patient registered.",
                    "请将检查发送至该试验专用的AE标题，或登记该受试者。"};
  verdict.findings.push_back(std::move(finding));
  return verdict;
}

std::string summary_of(const rules::Verdict& verdict) {
  return verdict.findings.empty() ? "all checks passed" : verdict.findings_in_short();
}

storage::Result<void> record_verdict(storage::Transaction& transaction, const storage::SubmissionRow& seen,
                                     const rules::Verdict& verdict, const QueryPlan& plan) {
  auto row = unchanged(transaction, seen);
  if (!row) return row.error();
  row->trial_id = verdict.protocol_id;
  row->subject = verdict.subject_id;
  row->time_point = verdict.time_point_id;
  auto put = transaction.index().put_document(row->id, row->version, document::verdict,
                                              boost::json::serialize(to_json(verdict)));
  if (!put) return put;
  auto standing = read_standing(transaction, row->trial_id, row->subject);
  if (!standing) return standing.error();
  if (standing->withdrawn)
    return withdraw(transaction, *row, {utc_now(), "trialgate", {}, "the subject is withdrawn", {}});
  const bool release = verdict.outcome == rules::Outcome::release;
  boost::json::object detail{{"version", row->version},
                             {"charter_version", verdict.charter_version},
                             {"rules_sha256", verdict.rules_sha256},
                             {"register_sha256", verdict.register_sha256},
                             {"instances", verdict.instance_count}};
  Act act{utc_now(), "trialgate", release ? "submission.released" : "submission.quarantined",
          summary_of(verdict), boost::json::serialize(detail)};
  auto entered =
      enter(transaction, *row,
            release ? storage::SubmissionState::released : storage::SubmissionState::quarantined, act);
  if (!entered) return entered;
  if (release) return close_queries_answered_by(transaction, *row, act);
  return verdict.asks_site() ? open_query(transaction, *row, verdict, plan, act.at) : storage::Result<void>();
}

storage::Result<void> make_unreadable(storage::Transaction& transaction, const std::string& sop_instance_uid,
                                      const storage::Digest& blob, const std::string& why) {
  auto row = transaction.index().instance(sop_instance_uid, blob);
  if (!row) return row.error();
  if (!*row) return storage::fail(storage::Errc::corrupt, "instance without a row");
  (*row)->state = storage::InstanceState::unreadable;
  if (auto put = transaction.index().put_instance(**row); !put) return put;
  storage::AuditRecord audit;
  audit.at = utc_now();
  audit.actor = "trialgate";
  audit.event = "instance.unreadable";
  audit.reason = why;
  audit.site = (*row)->site;
  audit.submission = (*row)->submission;
  audit.object = blob;
  audit.sop_instance_uid = sop_instance_uid;
  auto appended = transaction.audit().append(std::move(audit));
  if (!appended) return appended.error();
  return {};
}

}  // namespace

storage::Result<std::unique_ptr<SubmissionFile>> read_submission(const storage::ReadTransaction& transaction,
                                                                 const storage::SubmissionRow& row) {
  auto file = std::make_unique<SubmissionFile>();
  auto walked = transaction.index().instances_of(row.id, [&](const storage::InstanceRow& instance) {
    file->instances.push_back(instance);
    return true;
  });
  if (!walked) return walked.error();
  file->facts.site = row.site;
  file->facts.study_uid = row.study_uid;
  file->facts.previous_version = row.version - 1;
  file->records.reserve(file->instances.size());
  for (const storage::InstanceRow& instance : file->instances) {
    const auto day = std::chrono::floor<std::chrono::days>(instance.received_at);
    file->facts.received = std::min(file->facts.received.value_or(day), day);
    if (instance.conflict) {
      file->facts.conflicts.push_back(instance.sop_instance_uid);
      continue;
    }
    if (instance.state != storage::InstanceState::examined) {
      file->facts.unreadable.push_back(instance.sop_instance_uid);
      continue;
    }
    auto bytes = transaction.index().record(instance.blob);
    if (!bytes) return bytes.error();
    auto examined = decode_examined_record(bytes->value_or(""));
    if (!examined) return storage::fail(storage::Errc::corrupt, "record of " + instance.sop_instance_uid);
    file->records.push_back(std::move(examined->record));
    file->blobs.push_back(instance.blob);
    file->fingerprints.push_back(std::move(examined->fingerprint));
  }
  for (const rules::InstanceRecord& record : file->records) file->facts.records.push_back(&record);
  return file;
}

std::shared_ptr<const rules::Trial> trial_of(const TrialSet& trials, const SubmissionFile& file) {
  if (file.instances.empty()) return nullptr;
  std::string patient_id;
  std::string issuer;
  if (!file.records.empty()) {
    const auto text = [&](std::string_view path) {
      const auto read = file.records.front().text(path);
      return read ? std::string(*read) : std::string();
    };
    patient_id = text("PatientID");
    issuer = text("IssuerOfPatientID");
  }
  return trial_of(trials, file.instances.front().called_ae, file.facts.site, issuer, patient_id);
}

storage::Result<rules::Verdict> read_verdict(const storage::ReadTransaction& transaction,
                                             const storage::SubmissionRow& row) {
  auto bytes = transaction.index().document(row.id, row.version, document::verdict);
  if (!bytes) return bytes.error();
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(bytes->value_or(""), error);
  if (!error) {
    if (auto verdict = rules::verdict_from_json(json)) return std::move(*verdict);
  }
  return storage::fail(storage::Errc::corrupt, "verdict of submission " + std::to_string(row.id));
}

std::map<std::string, std::string, std::less<>> modalities_of(const SubmissionFile& file) {
  std::map<std::string, std::string, std::less<>> modalities;
  for (const rules::InstanceRecord& record : file.records) {
    if (const auto modality = record.text("Modality")) {
      modalities[record.sop_instance_uid] = std::string(*modality);
    }
  }
  return modalities;
}

storage::Result<rules::SubjectHistory> read_history(const storage::ReadTransaction& transaction,
                                                    const rules::Trial& trial, std::string_view subject_id,
                                                    std::uint64_t but_submission) {
  rules::SubjectHistory history;
  auto submissions = transaction.index().submissions_of(trial.protocol_id, subject_id);
  if (!submissions) return submissions.error();
  for (const storage::SubmissionRow& other : *submissions) {
    if (other.id == but_submission || other.state < storage::SubmissionState::released ||
        other.state == storage::SubmissionState::withdrawn) {
      continue;
    }
    auto verdict = read_verdict(transaction, other);
    if (!verdict) return verdict.error();
    history.studies.push_back(
        {verdict->study_uid, verdict->time_point_id, verdict->visit.study_date, std::move(verdict->facts)});
  }
  return history;
}

storage::Result<void> add_rulings(const storage::ReadTransaction& transaction, const rules::Trial& trial,
                                  const rules::Subject* subject, std::uint64_t submission,
                                  rules::SubmissionFacts& facts) {
  auto qualified = is_qualified(transaction, trial.protocol_id, facts.site);
  if (!qualified) return qualified.error();
  facts.site_qualified = *qualified;
  auto what = read_classification(transaction, submission);
  if (!what) return what.error();
  if (*what) {
    const bool visit = trial.time_points.visit_named(**what).has_value();
    facts.classification = visit ? rules::Classification{**what, {}}
                                 : rules::Classification{std::string(rules::unscheduled_time_point), **what};
  }
  if (subject == nullptr) return {};
  auto standing = read_standing(transaction, trial.protocol_id, subject->subject_id);
  if (!standing) return standing.error();
  for (const auto& [time_point, ruling] : standing->locked) facts.locked_time_points.push_back(time_point);
  return {};
}

storage::Result<void> Judge::refresh(const SubmissionFile& file, const std::vector<std::size_t>& stale,
                                     const ExaminedPaths& wanted) {
  const auto open = [&](std::size_t i) -> std::variant<storage::UniqueFd, std::string> {
    auto blob = store_.blobs().open(file.blobs[stale[i]]);
    if (!blob) return blob.error().message();
    return std::move(blob->fd);
  };
  const auto outcomes = examine_all(workers_, stale.size(), open, wanted.paths, [] {});
  for (const ExamineOutcome& outcome : outcomes) {
    const auto* const failure = std::get_if<WorkerFailure>(&outcome);
    if (failure != nullptr && !failure->blames_instance()) return not_now(failure->reason);
  }
  return store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    for (std::size_t i = 0; i < stale.size(); ++i) {
      const storage::Digest& blob = file.blobs[stale[i]];
      const auto* const failure = std::get_if<WorkerFailure>(&outcomes[i]);
      auto kept =
          failure != nullptr
              ? make_unreadable(transaction, file.records[stale[i]].sop_instance_uid, blob, failure->reason)
              : transaction.index().put_record(
                    blob, encode(std::get<ExaminedInstance>(outcomes[i]).record, wanted.fingerprint));
      if (!kept) return kept;
    }
    return {};
  });
}

storage::Result<std::unique_ptr<SubmissionFile>> Judge::read_fresh(const storage::SubmissionRow& row,
                                                                   const ExaminedPaths& wanted) {
  for (;;) {
    std::unique_ptr<SubmissionFile> file;
    auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto submission = read_submission(transaction, row);
      if (!submission) return submission.error();
      file = std::move(*submission);
      return {};
    });
    if (!read) return read.error();
    std::vector<std::size_t> stale;
    for (std::size_t i = 0; i < file->records.size(); ++i) {
      if (file->fingerprints[i] != wanted.fingerprint) stale.push_back(i);
    }
    if (stale.empty()) return file;
    if (auto refreshed = refresh(*file, stale, wanted); !refreshed) return refreshed.error();
  }
}

storage::Result<void> Judge::judge(const storage::SubmissionRow& row) {
  const std::shared_ptr<const TrialSet> trials = trials_.current();
  auto submission = read_fresh(row, examined_paths(*trials));
  if (!submission) return submission.error();
  SubmissionFile& file = **submission;

  rules::Verdict verdict;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    const auto trial = trial_of(*trials, file);
    if (!trial) {
      verdict = verdict_without_trial(file);
      return {};
    }
    rules::SubjectHistory history;
    const rules::Subject* const subject = rules::identify_subject(*trial, file.facts);
    if (auto added = add_rulings(transaction, *trial, subject, row.id, file.facts); !added) return added;
    auto source = read_source_comparison(transaction, row.id, row.version);
    if (!source) return source.error();
    file.facts.source = std::move(*source);
    auto performed = compare_performed(transaction, row);
    if (!performed) return performed.error();
    if (*performed) file.facts.performed = std::move((*performed)->instances);
    if (subject != nullptr) {
      auto known = read_history(transaction, *trial, subject->subject_id, row.id);
      if (!known) return known.error();
      history = std::move(*known);
    }
    verdict = rules::evaluate(*trial, file.facts, history);
    return {};
  });
  if (!read) return read;

  const QueryPlan plan = query_plan(config_, row.site);
  auto recorded = store_.commit(
      [&](storage::Transaction& transaction) { return record_verdict(transaction, row, verdict, plan); });
  if (!recorded) return recorded;
  log_.event(dimse::Level::info, "submission.judged",
             {{"submission", static_cast<std::int64_t>(row.id)},
              {"site", row.site},
              {"study_uid", row.study_uid},
              {"outcome", std::string(to_string(verdict.outcome))},
              {"subject", verdict.subject_id},
              {"time_point", verdict.time_point_id},
              {"findings", static_cast<std::int64_t>(verdict.findings.size())},
              {"why", summary_of(verdict)}});
  return {};
}

}  // namespace trialgate::gateway
