#pragma once

#include "dimse/scp/retrieve_service.h"
#include "gateway/catalogue/shown_instances.h"
#include "gateway/log/logger.h"
#include "gateway/worker/instance_workers.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace trialgate::gateway {

/// Gives instances as a receiver takes them: as they are kept, else uncompressed by a worker process.
/// Thread-safe.
class Encodings {
 public:
  /// All must outlive it. `spool` is the folder of files without a name.
  Encodings(const storage::Store& store, InstanceWorkers& workers, std::filesystem::path spool,
            boost::asio::thread_pool& disk, Logger& log)
      : store_(store), workers_(workers), spool_(std::move(spool)), disk_(disk), log_(log) {}

  /// The sub-operation of an instance for a receiver that takes `accepted` of its SOP class. Without a source
  /// if it takes none that can be made, or if the bytes cannot be read.
  [[nodiscard]] dimse::Task<dimse::SubOperation> sub_operation(ShownInstance instance,
                                                               std::vector<dimse::Uid> accepted);

 private:
  [[nodiscard]] std::unique_ptr<dimse::InstanceSource> open(const ShownInstance& instance);
  [[nodiscard]] std::unique_ptr<dimse::InstanceSource> reencode(const ShownInstance& instance,
                                                                const dimse::Uid& transfer_syntax);

  const storage::Store& store_;
  InstanceWorkers& workers_;
  const std::filesystem::path spool_;
  boost::asio::thread_pool& disk_;
  Logger& log_;
};

}  // namespace trialgate::gateway
