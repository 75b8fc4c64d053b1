#include "gateway/deliver/deriver.h"

#include "gateway/catalogue/recorder.h"
#include "gateway/config/key_file.h"
#include "gateway/deliver/deidentification_subject.h"
#include "gateway/deliver/delivery_plan.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/judge.h"
#include "gateway/pipeline/transition.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace trialgate::gateway {
namespace {

/// What is to be de-identified, read once from the index.
struct Work {
  std::shared_ptr<const rules::Trial> trial;
  std::filesystem::path trial_file;
  rules::Verdict verdict;
  std::optional<rules::Subject> subject;
  std::vector<storage::InstanceRow> sources;
};

struct HeldInstance {
  std::string sop_instance_uid;
  std::vector<rules::HoldCause> causes;
};

/// Where the header bytes of a derived instance stand in the pack, until the pack has its name. New pixels
/// stand there too, behind them and counted with them.
struct Packed {
  storage::DerivedRow row;
  std::string attributes;
  std::uint64_t prefix_offset = 0, prefix_length = 0;
  std::uint64_t pixel_offset = 0, pixel_length = 0;
  std::uint64_t suffix_offset = 0, suffix_length = 0;
};

/// Collects the workers' answers, which come on their threads.
class Collection {
 public:
  Collection(std::unique_ptr<storage::BlobWriter> pack, std::size_t expected)
      : pack_(std::move(pack)), outstanding_(expected) {}

  void take(const storage::InstanceRow& source, DeidentifyOutcome outcome) {
    const std::lock_guard lock(mutex_);
    if (auto* done = std::get_if<DeidentifiedInstance>(&outcome)) {
      append(source, *done);
    } else if (auto* held = std::get_if<rules::Held>(&outcome)) {
      held_.push_back({source.sop_instance_uid, std::move(held->causes)});
    } else {
      const auto& failure = std::get<WorkerFailure>(outcome);
      if (failure.blames_instance()) {
        held_.push_back({source.sop_instance_uid, {{rules::HoldReason::unreadable, {}, failure.reason}}});
      } else {
        later_ = failure.reason;
      }
    }
    if (--outstanding_ == 0) complete_.notify_all();
  }

  void wait() {
    std::unique_lock lock(mutex_);
    complete_.wait(lock, [this] { return outstanding_ == 0; });
  }

  // After wait() only.
  [[nodiscard]] const std::vector<HeldInstance>& held() const { return held_; }
  [[nodiscard]] const std::string& try_later() const { return later_; }
  [[nodiscard]] const storage::Result<void>& written() const { return written_; }
  [[nodiscard]] std::vector<Packed>& packed() { return packed_; }
  [[nodiscard]] const std::optional<rules::DeidentificationReport>& report() const { return report_; }
  [[nodiscard]] storage::Result<storage::SealedBlob> seal() { return pack_->seal(); }

 private:
  void append(const storage::InstanceRow& source, DeidentifiedInstance& done) {
    if (!written_) return;
    rules::Deidentified& instance = done.instance;
    Packed packed;
    packed.prefix_offset = pack_->size_bytes();
    packed.prefix_length = instance.prefix.size();
    written_ = pack_->append(instance.prefix);
    if (done.new_pixels) {
      packed.prefix_length += instance.pixel_length;
      if (written_) written_ = append_new_pixels(done);
    } else {
      packed.pixel_offset = instance.pixel_offset;
      packed.pixel_length = instance.pixel_length;
    }
    packed.suffix_offset = packed.prefix_offset + packed.prefix_length;
    packed.suffix_length = instance.suffix.size();
    if (written_ && !instance.suffix.empty()) written_ = pack_->append(instance.suffix);
    packed.row.sop_class_uid = instance.sop_class_uid;
    packed.row.sop_instance_uid = instance.sop_instance_uid;
    packed.row.transfer_syntax_uid = instance.transfer_syntax_uid;
    packed.row.study_uid = instance.study_uid;
    packed.row.series_uid = instance.series_uid;
    packed.row.source = source.blob;
    packed.row.source_sop_instance_uid = source.sop_instance_uid;
    packed.row.data_set_digest = done.data_set_digest;
    packed.row.data_set_bytes = packed.prefix_length + packed.pixel_length + packed.suffix_length;
    packed.attributes = std::move(done.attributes);
    packed_.push_back(std::move(packed));
    if (report_) {
      report_->merge(instance.report);
    } else {
      report_ = std::move(instance.report);
    }
  }

  storage::Result<void> append_new_pixels(const DeidentifiedInstance& done) {
    constexpr std::uint64_t step_bytes = 1U << 20U;
    std::vector<std::uint8_t> buffer(std::min(done.instance.pixel_length, step_bytes));
    for (std::uint64_t at = 0; at < done.instance.pixel_length;) {
      const std::span part(buffer.data(),
                           std::min<std::uint64_t>(done.instance.pixel_length - at, buffer.size()));
      const auto got = storage::read_fd_at(done.new_pixels.get(), at, part, "new pixel data");
      if (!got) return got.error();
      if (*got != part.size()) return storage::fail(storage::Errc::corrupt, "new pixel data");
      if (auto appended = pack_->append(part); !appended) return appended;
      at += part.size();
    }
    return {};
  }

  std::mutex mutex_;
  std::condition_variable complete_;
  std::unique_ptr<storage::BlobWriter> pack_;
  std::size_t outstanding_;
  storage::Result<void> written_;
  std::vector<Packed> packed_;
  std::vector<HeldInstance> held_;
  std::string later_;
  std::optional<rules::DeidentificationReport> report_;
};

storage::Result<Work> read_work(const storage::ReadTransaction& transaction,
                                const storage::SubmissionRow& row, const TrialSet& trials) {
  Work work;
  for (const TrialInForce& candidate : trials) {
    if (candidate.trial->protocol_id != row.trial_id) continue;
    work.trial = candidate.trial;
    work.trial_file = candidate.entry.file;
  }
  if (!work.trial) return not_now("trial " + row.trial_id + " is not in force");
  auto verdict = read_verdict(transaction, row);
  if (!verdict) return verdict.error();
  work.verdict = std::move(*verdict);

  auto file = read_submission(transaction, row);
  if (!file) return file.error();
  if (const auto* subject = rules::identify_subject(*work.trial, (*file)->facts)) work.subject = *subject;
  std::set<std::string, std::less<>> wanted;
  for (PlannedDelivery& delivery : plan_deliveries(*work.trial, work.verdict, modalities_of(**file)))
    wanted.merge(delivery.instances);
  for (const storage::InstanceRow& instance : (*file)->instances) {
    if (!instance.conflict && wanted.contains(instance.sop_instance_uid)) work.sources.push_back(instance);
  }
  return work;
}

/// Adds what must not leave because the same UID is on its way, or arrived, with other bytes: no archive may
/// get both.
storage::Result<void> hold_contradictions(const storage::ReadTransaction& transaction,
                                          std::uint64_t submission, const std::vector<Packed>& packed,
                                          std::vector<HeldInstance>& held) {
  auto deliveries = transaction.outbox().deliveries_of(submission);
  if (!deliveries) return deliveries.error();
  std::set<std::string, std::less<>> sent;
  for (const storage::DeliveryRow& delivery : *deliveries) sent.insert(delivery.sop_instance_uid);
  for (const Packed& fresh : packed) {
    if (!sent.contains(fresh.row.sop_instance_uid)) continue;
    auto earlier = transaction.index().derived_by_uid(fresh.row.sop_instance_uid);
    if (!earlier) return earlier.error();
    const bool differs = std::ranges::any_of(*earlier, [&](const storage::DerivedRow& other) {
      return other.data_set_digest != fresh.row.data_set_digest;
    });
    if (!differs) continue;
    rules::HoldCause cause{
        rules::HoldReason::option_conflict,
        {},
        "this instance was sent before with another result; the archive would get two under one UID"};
    held.push_back({fresh.row.source_sop_instance_uid, {std::move(cause)}});
  }
  return {};
}

storage::Result<void> record_hold(storage::Store& store, const storage::SubmissionRow& seen,
                                  const std::vector<HeldInstance>& held) {
  boost::json::array json;
  std::string reasons;
  for (const HeldInstance& instance : held) {
    boost::json::array causes;
    for (const rules::HoldCause& cause : instance.causes) {
      causes.push_back(
          {{"reason", to_string(cause.reason)}, {"path", cause.path}, {"message", cause.message}});
      const std::string name(to_string(cause.reason));
      if (reasons.find(name) == std::string::npos) reasons += (reasons.empty() ? "" : ", ") + name;
    }
    json.push_back({{"sop_instance_uid", instance.sop_instance_uid}, {"causes", std::move(causes)}});
  }
  const std::string text = boost::json::serialize(json);
  return store.commit([&seen, &text, &reasons](storage::Transaction& transaction) -> storage::Result<void> {
    auto row = unchanged(transaction, seen);
    if (!row) return row.error();
    auto put = transaction.index().put_document(row->id, row->version, document::hold, text);
    if (!put) return put;
    Act act{utc_now(), "trialgate", "submission.held", "de-identification: " + reasons, {}};
    return enter(transaction, *row, storage::SubmissionState::quarantined, act);
  });
}

const storage::Shelf derived_shelf{storage::ShelfKind::derived, {}};

storage::Result<void> record_derived(storage::Store& store, const storage::SubmissionRow& seen,
                                     Collection& collection) {
  auto sealed = collection.seal();
  if (!sealed) return sealed.error();
  const storage::BlobRow pack{sealed->digest(), storage::BlobRole::pack, sealed->size_bytes(), {}};
  std::vector<storage::DerivedRow> rows;
  std::vector<CataloguedInstance> catalogued;
  for (Packed& packed : collection.packed()) {
    storage::DerivedRow& row = packed.row;
    row.submission = seen.id;
    row.version = seen.version;
    row.data_set.push_back({pack.blob, packed.prefix_offset, packed.prefix_length});
    if (packed.pixel_length > 0)
      row.data_set.push_back({row.source, packed.pixel_offset, packed.pixel_length});
    if (packed.suffix_length > 0)
      row.data_set.push_back({pack.blob, packed.suffix_offset, packed.suffix_length});
    catalogued.push_back(
        {seen.id, row.study_uid, row.series_uid, row.sop_instance_uid, std::move(packed.attributes)});
    rows.push_back(std::move(row));
  }
  const std::string report = boost::json::serialize(to_json(*collection.report()));
  storage::Commit commit;
  commit.blobs.push_back(std::move(*sealed));
  commit.apply = [&](storage::Transaction& transaction) -> storage::Result<void> {
    auto row = unchanged(transaction, seen);
    if (!row) return row.error();
    if (auto put = transaction.index().put_blob(pack); !put) return put;
    for (const storage::DerivedRow& derived : rows) {
      if (auto put = transaction.index().put_derived(derived); !put) return put;
    }
    // What the version before had, and this one has not, is on no shelf any more.
    auto cleared = transaction.catalogue().erase_study(derived_shelf, seen.id);
    if (!cleared) return cleared;
    auto shelved = catalogue_instances(transaction.catalogue(), derived_shelf, catalogued);
    if (!shelved) return shelved;
    auto put = transaction.index().put_document(row->id, row->version, document::deidentification, report);
    if (!put) return put;
    Act act{utc_now(), "trialgate", "submission.deidentified", std::to_string(rows.size()) + " instances",
            report};
    return enter(transaction, *row, storage::SubmissionState::deidentified, act);
  };
  return store.commit(std::move(commit));
}

storage::Result<void> record_nothing_to_send(storage::Store& store, const storage::SubmissionRow& seen) {
  return store.commit([&seen](storage::Transaction& transaction) -> storage::Result<void> {
    auto row = unchanged(transaction, seen);
    if (!row) return row.error();
    auto cleared = transaction.catalogue().erase_study(derived_shelf, seen.id);
    if (!cleared) return cleared;
    Act act{utc_now(), "trialgate", "submission.deidentified", "no delivery rule asks for an instance", {}};
    return enter(transaction, *row, storage::SubmissionState::deidentified, act);
  });
}

storage::Result<DeidentificationPlan> plan_of(const Work& work,
                                              const std::filesystem::path& default_key_file) {
  const std::filesystem::path key_file =
      work.trial->deidentify.key_file.empty()
          ? default_key_file
          : work.trial_file.parent_path() / work.trial->deidentify.key_file;
  auto key = read_key_file(key_file);
  if (auto* problem = std::get_if<std::string>(&key)) return not_now(*problem);
  return DeidentificationPlan(work.trial->deidentify,
                              deidentification_subject(*work.trial, *work.subject, work.verdict),
                              std::get<std::vector<std::uint8_t>>(key));
}

void hand_out(const storage::Store& store, InstanceWorkers& workers, const Work& work,
              const DeidentificationPlan& plan, Collection& collection) {
  for (const storage::InstanceRow& source : work.sources) {
    auto blob = store.blobs().open(source.blob);
    if (blob) {
      workers.deidentify(std::move(blob->fd), plan, [&collection, &source](DeidentifyOutcome outcome) {
        collection.take(source, std::move(outcome));
      });
      continue;
    }
    const bool gone = blob.error().code == make_error_code(storage::Errc::not_found);
    collection.take(
        source, WorkerFailure{gone ? WorkerFailure::Kind::unreadable : WorkerFailure::Kind::unavailable, 0,
                              gone ? "the stored bytes are missing" : "the stored bytes cannot be opened"});
  }
}

}  // namespace

storage::Result<void> Deriver::derive(const storage::SubmissionRow& row) {
  const auto trials = trials_.current();
  Work work;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = read_work(transaction, row, *trials);
    if (!found) return found.error();
    work = std::move(*found);
    return {};
  });
  if (!read) return read;
  if (work.sources.empty()) return record_nothing_to_send(store_, row);
  if (!work.subject) {
    rules::HoldCause cause{rules::HoldReason::identity_missing, "PatientID",
                           "the patient is not in the subject register"};
    return record_hold(store_, row, {{work.sources.front().sop_instance_uid, {std::move(cause)}}});
  }
  auto plan = plan_of(work, default_key_file_);
  if (!plan) return plan.error();
  auto pack = store_.create_blob();
  if (!pack) return pack.error();
  Collection collection(std::move(*pack), work.sources.size());
  hand_out(store_, workers_, work, *plan, collection);
  collection.wait();
  if (!collection.try_later().empty()) return not_now(collection.try_later());
  if (!collection.written()) return collection.written();

  std::vector<HeldInstance> held = collection.held();
  auto compared = store_.read([&](const storage::ReadTransaction& transaction) {
    return hold_contradictions(transaction, row.id, collection.packed(), held);
  });
  if (!compared) return compared;
  if (held.empty()) return record_derived(store_, row, collection);
  log_.event(dimse::Level::warn, "submission.held",
             {{"submission", static_cast<std::int64_t>(row.id)},
              {"instances", static_cast<std::int64_t>(held.size())}});
  return record_hold(store_, row, held);
}

}  // namespace trialgate::gateway
