#include "gateway/receive/reception.h"

#include "dimse/status.h"
#include "gateway/pipeline/clock.h"
#include "gateway/receive/buffer_pool.h"
#include "gateway/receive/offload.h"
#include "gateway/receive/site_access.h"
#include "storage/part10.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

/// What instances under way take together, as long as they are not more than 64; then 256 KiB each, whatever
/// their size.
constexpr std::size_t buffers_bytes = 16 * 1024 * 1024;

/// The one table from storage failures to C-STORE statuses (PS3.4 table B.2-1).
dimse::StoreOutcome refusal(const storage::Failure& failure) {
  if (failure.code == make_error_code(storage::Errc::no_space) ||
      failure.code == make_error_code(storage::Errc::not_accepting)) {
    return {dimse::status::out_of_resources, "out of resources, try again later"};
  }
  if (failure.code == make_error_code(storage::Errc::invalid_argument)) {
    return {dimse::status::invalid_sop_instance, "invalid UID"};
  }
  return {dimse::status::processing_failure, "the instance could not be stored"};
}

/// What the commit found; written on the committer thread before `done`.
enum class Arrival { fresh, duplicate, conflict };

storage::Result<void> record_arrival(storage::Transaction& transaction, storage::InstanceRow row,
                                     Arrival& arrival) {
  auto known = transaction.index().instances(row.sop_instance_uid);
  if (!known) return known.error();
  const bool same = std::ranges::any_of(*known, [&](const auto& other) { return other.blob == row.blob; });
  arrival = same ? Arrival::duplicate : known->empty() ? Arrival::fresh : Arrival::conflict;

  storage::AuditRecord audit;
  audit.at = row.received_at;
  audit.actor = row.calling_ae + '@' + row.peer;
  audit.site = row.site;
  audit.object = row.blob;
  audit.sop_instance_uid = row.sop_instance_uid;
  audit.reason = "C-STORE";
  switch (arrival) {
    case Arrival::fresh:
      audit.event = "instance.received";
      break;
    case Arrival::duplicate:
      audit.event = "instance.received_again";
      break;
    case Arrival::conflict:
      audit.event = "instance.conflict";
      audit.reason = "C-STORE with other content under a known SOP Instance UID; both are kept";
      break;
  }
  auto appended = transaction.audit().append(std::move(audit));
  if (!appended) return appended.error();
  if (same) return {};
  row.conflict = arrival == Arrival::conflict;
  return transaction.index().put_instance(row);
}

class StagedInstance final : public dimse::InstanceSink {
 public:
  StagedInstance(storage::Store& store, boost::asio::thread_pool& disk, BufferPool& buffers,
                 Activity& activity, Logger& log, std::function<void()> arrived, storage::InstanceRow row,
                 std::span<const std::uint8_t> head)
      : unit_(activity),
        store_(store),
        disk_(disk),
        buffers_(buffers),
        log_(log),
        arrived_(std::move(arrived)),
        row_(std::move(row)),
        buffer_(buffers.take()) {
    buffer_.assign(head.begin(), head.end());
  }
  ~StagedInstance() override { buffers_.give_back(std::move(buffer_)); }
  StagedInstance(const StagedInstance&) = delete;
  StagedInstance& operator=(const StagedInstance&) = delete;

  dimse::Task<dimse::Result<void>> write(std::span<const std::uint8_t> bytes) override {
    if (buffer_.size() + bytes.size() > buffer_.capacity()) {
      auto flush = [this] { return append_buffer(); };
      const storage::Result<void> flushed = co_await offload(disk_, flush);
      if (!flushed) co_return failed(flushed.error());
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    co_return dimse::Result<void>{};
  }

  dimse::Task<dimse::StoreOutcome> finish() override {
    const storage::Result<Arrival> arrival = co_await keep();
    if (!arrival) co_return refused(arrival.error());
    announce(*arrival);
    co_return dimse::StoreOutcome{};
  }

 private:
  storage::Result<void> append_buffer() {
    if (!writer_) {
      auto created = store_.create_blob();
      if (!created) return created.error();
      writer_ = std::move(*created);
    }
    auto appended = writer_->append(buffer_);
    buffer_.clear();
    return appended;
  }

  /// Seals the blob on the disk pool, hands it to the committer from there, and resumes the coroutine, on its
  /// own executor, when it is durable or has failed.
  dimse::Task<storage::Result<Arrival>> keep() {
    namespace asio = boost::asio;
    auto initiate = [this](auto handler) {
      auto executor = asio::get_associated_executor(handler);
      // std::function wants something that can be copied; the handler is called once.
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      auto resume = [guard = asio::make_work_guard(executor), shared](storage::Result<Arrival> result) {
        auto call = [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); };
        asio::post(guard.get_executor(), std::move(call));
      };
      asio::post(disk_, [this, resume] { seal_and_submit(resume); });
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(storage::Result<Arrival>)>(
        initiate, asio::use_awaitable);
  }

  void seal_and_submit(const std::function<void(storage::Result<Arrival>)>& resume) {
    if (auto appended = append_buffer(); !appended) {
      resume(appended.error());
      return;
    }
    auto sealed = writer_->seal();
    if (!sealed) {
      resume(sealed.error());
      return;
    }
    row_.blob = sealed->digest();
    row_.size_bytes = sealed->size_bytes();
    row_.received_at = utc_now();
    auto arrival = std::make_shared<Arrival>(Arrival::fresh);
    storage::Commit commit;
    commit.blobs.push_back(std::move(*sealed));
    commit.apply = [row = row_, arrival](storage::Transaction& transaction) {
      return record_arrival(transaction, row, *arrival);
    };
    commit.done = [resume, arrival](storage::Result<void> durable) {
      if (durable) {
        resume(*arrival);
      } else {
        resume(durable.error());
      }
    };
    store_.submit(std::move(commit));
  }

  dimse::Failure failed(const storage::Failure& failure) {
    refused(failure);
    const bool space = failure.code == make_error_code(storage::Errc::no_space) ||
                       failure.code == make_error_code(storage::Errc::not_accepting);
    return dimse::fail(space ? dimse::Errc::out_of_resources : dimse::Errc::io_error, "store");
  }

  dimse::StoreOutcome refused(const storage::Failure& failure) {
    log_.event(dimse::Level::error, "instance.not_stored",
               {{"id", static_cast<std::int64_t>(row_.association_id)},
                {"sop_instance_uid", row_.sop_instance_uid},
                {"why", failure.message()}});
    return refusal(failure);
  }

  void announce(Arrival arrival) {
    const char* name = arrival == Arrival::fresh       ? "instance.received"
                       : arrival == Arrival::duplicate ? "instance.received_again"
                                                       : "instance.conflict";
    log_.event(arrival == Arrival::conflict ? dimse::Level::warn : dimse::Level::debug, name,
               {{"id", static_cast<std::int64_t>(row_.association_id)},
                {"site", row_.site},
                {"sop_instance_uid", row_.sop_instance_uid},
                {"bytes", static_cast<std::int64_t>(row_.size_bytes)}});
    if (arrival != Arrival::duplicate) arrived_();
  }

  Activity::Unit unit_;
  storage::Store& store_;
  boost::asio::thread_pool& disk_;
  BufferPool& buffers_;
  Logger& log_;
  std::function<void()> arrived_;
  storage::InstanceRow row_;
  std::vector<std::uint8_t> buffer_;
  std::unique_ptr<storage::BlobWriter> writer_;
};

}  // namespace

Reception::Reception(storage::Store& store, boost::asio::thread_pool& disk, Logger& log,
                     std::function<void()> arrived)
    : store_(store), disk_(disk), buffers_(buffers_bytes), log_(log), arrived_(std::move(arrived)) {}

dimse::Task<dimse::StoreBegin> Reception::begin(dimse::StoreRequest request) {
  if (store_.acceptance() != storage::Acceptance::accepting) {
    log_.event(dimse::Level::warn, "instance.refused",
               {{"id", static_cast<std::int64_t>(request.association.id)},
                {"why", std::string(to_string(store_.acceptance()))}});
    co_return dimse::StoreOutcome{dimse::status::out_of_resources, "out of resources, try again later"};
  }
  storage::Result<std::vector<std::uint8_t>> head = storage::file_preamble_and_meta(
      request.sop_class.value(), request.sop_instance.value(), request.transfer_syntax.value());
  if (!head) co_return refusal(head.error());

  storage::InstanceRow row;
  row.sop_instance_uid = request.sop_instance.value();
  row.sop_class_uid = request.sop_class.value();
  row.transfer_syntax_uid = request.transfer_syntax.value();
  row.site = site_of(request.association.peer_id);
  row.calling_ae = request.association.calling.value();
  row.called_ae = request.association.called.value();
  row.peer = request.association.peer_address;
  row.association_id = request.association.id;
  row.data_set_offset = head->size();
  {
    const std::lock_guard lock(mutex_);
    open_.insert(key_of(request.association));
  }
  co_return std::make_unique<StagedInstance>(store_, disk_, buffers_, activity_, log_, arrived_,
                                             std::move(row), *head);
}

void Reception::association_ended(const dimse::AssociationInfo& association, dimse::AssociationEnd /*how*/) {
  {
    const std::lock_guard lock(mutex_);
    if (open_.erase(key_of(association)) == 0) return;
  }
  arrived_();
}

Reception::Key Reception::key_of(const dimse::AssociationInfo& association) {
  return {association.id, association.peer_address, association.peer_port};
}

bool Reception::is_open(std::uint64_t association_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = open_.lower_bound({association_id, {}, 0});
  return found != open_.end() && std::get<0>(*found) == association_id;
}

}  // namespace trialgate::gateway
