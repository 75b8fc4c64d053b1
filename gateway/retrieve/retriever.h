#pragma once

#include "dimse/scp/retrieve_service.h"
#include "dimse/ul/task_group.h"
#include "gateway/config/node_config.h"
#include "gateway/log/logger.h"
#include "gateway/retrieve/encodings.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <variant>

namespace trialgate::gateway {

/// Serves C-MOVE and C-GET: what the view of the called AE title shows, to the peer that asks or to a
/// destination that the node file names. Every retrieve is logged and audited. Thread-safe.
class Retriever final : public dimse::RetrieveService {
 public:
  /// All must outlive it, and it the I/O threads.
  Retriever(storage::Store& store, InstanceWorkers& workers, const NodeConfig& config, Logger& log);
  /// stop() without grace.
  ~Retriever() override;
  Retriever(const Retriever&) = delete;
  Retriever& operator=(const Retriever&) = delete;

  dimse::Task<std::variant<std::unique_ptr<dimse::GetOperation>, dimse::RetrieveRefusal>> get(
      dimse::RetrieveRequest request) override;
  dimse::Task<std::variant<std::unique_ptr<dimse::MoveOperation>, dimse::RetrieveRefusal>> move(
      dimse::RetrieveRequest request) override;

  /// To be called when nothing more is asked and the workers have stopped, while the I/O threads still run:
  /// lets associations to destinations end, for `grace` at most. When it returns nothing is read any more.
  void stop(std::chrono::milliseconds grace);

 private:
  storage::Store& store_;
  const NodeConfig& config_;
  Logger& log_;
  boost::asio::thread_pool disk_;
  Encodings encodings_;
  dimse::TaskGroup tasks_;
};

}  // namespace trialgate::gateway
