#include "gateway/retrieve/retriever.h"

#include "dimse/status.h"
#include "gateway/receive/offload.h"
#include "gateway/retrieve/move.h"
#include "gateway/retrieve/retrieval.h"

#include <boost/asio/this_coro.hpp>

#include <thread>
#include <utility>

namespace trialgate::gateway {
namespace {

/// Two more than read: each waits for a worker while an instance is encoded anew.
constexpr std::size_t disk_threads = 4;

using Found = std::variant<std::vector<ShownInstance>, dimse::RetrieveRefusal>;

/// The instances of one C-GET.
class Get final : public dimse::GetOperation {
 public:
  Get(storage::Store& store, Encodings& encodings, Logger& log, std::vector<ShownInstance> instances,
      RetrievalRecord record)
      : store_(store),
        encodings_(encodings),
        log_(log),
        instances_(std::move(instances)),
        record_(std::move(record)) {
    counts_.remaining = static_cast<std::uint32_t>(instances_.size());
  }
  ~Get() override { record_retrieval(store_, log_, record_, counts_); }
  Get(const Get&) = delete;
  Get& operator=(const Get&) = delete;

  [[nodiscard]] std::size_t total() const override { return instances_.size(); }

  dimse::Task<std::optional<dimse::SubOperation>> next(const dimse::AcceptedSyntaxes& accepted) override {
    if (next_ == instances_.size()) co_return std::nullopt;
    ShownInstance instance = std::move(instances_[next_++]);
    std::vector<dimse::Uid> syntaxes = accepted.of(dimse::Uid(instance.sop_class_uid));
    co_return co_await encodings_.sub_operation(std::move(instance), std::move(syntaxes));
  }

  void answered(std::uint16_t status) override {
    --counts_.remaining;
    const dimse::StatusClass answer = dimse::classify(status);
    ++(answer == dimse::StatusClass::success   ? counts_.completed
       : answer == dimse::StatusClass::warning ? counts_.warning
                                               : counts_.failed);
  }

 private:
  storage::Store& store_;
  Encodings& encodings_;
  Logger& log_;
  std::vector<ShownInstance> instances_;
  RetrievalRecord record_;
  dimse::SubOperations counts_;
  std::size_t next_ = 0;
};

MoveTarget target_of(const NodeConfig& config, const Peer& peer, const dimse::RetrieveRequest& request) {
  MoveTarget target;
  target.requestor.host = peer.host;
  target.requestor.port = peer.port;
  target.requestor.called = dimse::AeTitle(peer.ae_title);
  target.requestor.calling = dimse::AeTitle(config.ae_title);
  target.requestor.response = peer.response_timeout;
  peer.tls.apply(target.requestor);
  target.requestor.association_id = request.association.id;
  target.associations = peer.move_associations;
  target.move_originator = request.association.calling;
  target.move_originator_message_id = request.message_id;
  return target;
}

}  // namespace

Retriever::Retriever(storage::Store& store, InstanceWorkers& workers, const NodeConfig& config, Logger& log)
    : store_(store),
      config_(config),
      log_(log),
      disk_(disk_threads),
      encodings_(store, workers, config.store, disk_, log),
      tasks_(log) {}

Retriever::~Retriever() {
  stop(std::chrono::milliseconds(0));
}

dimse::Task<std::variant<std::unique_ptr<dimse::GetOperation>, dimse::RetrieveRefusal>> Retriever::get(
    dimse::RetrieveRequest request) {
  // The access policy gives these services to peers of a view alone.
  const View& view = *view_named(config_.views, request.association.called.value());
  auto find = [&] { return find_instances(store_, view, request); };
  Found found = co_await offload(disk_, find);
  if (auto* refusal = std::get_if<dimse::RetrieveRefusal>(&found)) {
    record_refused_retrieval(store_, log_, record_of(request, "retrieve.get", {}), *refusal);
    co_return std::move(*refusal);
  }
  auto& instances = std::get<std::vector<ShownInstance>>(found);
  RetrievalRecord record = record_of(request, "retrieve.get", instances);
  std::unique_ptr<dimse::GetOperation> operation =
      std::make_unique<Get>(store_, encodings_, log_, std::move(instances), std::move(record));
  co_return std::move(operation);
}

dimse::Task<std::variant<std::unique_ptr<dimse::MoveOperation>, dimse::RetrieveRefusal>> Retriever::move(
    dimse::RetrieveRequest request) {
  const View& view = *view_named(config_.views, request.association.called.value());
  const Peer* destination =
      move_destination(config_, view, request.association.calling.value(), request.move_destination->value());
  Found found = dimse::RetrieveRefusal{dimse::status::move_destination_unknown, "unknown move destination"};
  if (destination != nullptr) {
    auto find = [&] { return find_instances(store_, view, request); };
    found = co_await offload(disk_, find);
  }
  if (auto* refusal = std::get_if<dimse::RetrieveRefusal>(&found)) {
    record_refused_retrieval(store_, log_, record_of(request, "retrieve.move", {}), *refusal);
    co_return std::move(*refusal);
  }
  auto& instances = std::get<std::vector<ShownInstance>>(found);
  RetrievalRecord record = record_of(request, "retrieve.move", instances);
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto move =
      std::make_shared<Move>(store_, encodings_, log_, target_of(config_, *destination, request),
                             std::move(instances), std::move(record), executor);
  move->start(tasks_);
  std::unique_ptr<dimse::MoveOperation> operation = std::make_unique<MoveHandle>(move);
  co_return std::move(operation);
}

void Retriever::stop(std::chrono::milliseconds grace) {
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (tasks_.running() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  disk_.join();
}

}  // namespace trialgate::gateway
