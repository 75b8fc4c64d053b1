#pragma once

#include "dimse/scp/store_service.h"
#include "gateway/log/logger.h"
#include "gateway/receive/activity.h"
#include "gateway/receive/buffer_pool.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

namespace trialgate::gateway {

/// Takes C-STORE into the store: the data set goes to a staged blob as it comes, and 0000H is answered when
/// blob, index row and audit record are durable. Nothing of a data set is looked at here. Thread-safe.
class Reception final : public dimse::StoreService {
 public:
  /// Blocking work runs on `disk`. `arrived` is called, on the association's thread, after an instance became
  /// durable and after an association that had sent one has ended.
  Reception(storage::Store& store, boost::asio::thread_pool& disk, Logger& log,
            std::function<void()> arrived);

  dimse::Task<dimse::StoreBegin> begin(dimse::StoreRequest request) override;
  void association_ended(const dimse::AssociationInfo& association, dimse::AssociationEnd how) override;

  /// The association has sent an instance since this process began, and is still open.
  [[nodiscard]] bool is_open(std::uint64_t association_id) const;
  [[nodiscard]] const Activity& activity() const noexcept { return activity_; }

 private:
  /// An association's number is unique for one listening address only.
  using Key = std::tuple<std::uint64_t, std::string, std::uint16_t>;
  static Key key_of(const dimse::AssociationInfo& association);

  storage::Store& store_;
  boost::asio::thread_pool& disk_;
  BufferPool buffers_;
  Activity activity_;
  Logger& log_;
  std::function<void()> arrived_;
  mutable std::mutex mutex_;
  std::set<Key> open_;
};

}  // namespace trialgate::gateway
