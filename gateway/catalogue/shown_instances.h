#pragma once

#include "gateway/catalogue/query.h"
#include "gateway/catalogue/walk.h"
#include "gateway/config/views_config.h"
#include "storage/store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// An instance that a view shows, with what it takes to send it.
struct ShownInstance {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::uint64_t submission = 0;
  std::vector<storage::Extent> data_set;  ///< its bytes are these one after another
  std::uint64_t data_set_bytes = 0;
};

/// The instances that a C-MOVE or C-GET asks for (PS3.4 §C.4.2.2.1) and the view shows, some at a time. What
/// it does not show is left out without a trace. Used by one thread at a time.
class ShownInstances {
 public:
  /// `store` and `view` must outlive it. Reads only the identifier. The Refusal is A900.
  [[nodiscard]] static std::variant<ShownInstances, Refusal> ask(const storage::Store& store,
                                                                 const View& view,
                                                                 const QueryRequest& request);

  /// At most `limit` more, in the order of submission, series and UID; empty after the last one. Blocks: on
  /// the disk pool.
  [[nodiscard]] storage::Result<std::vector<ShownInstance>> next(std::size_t limit);

 private:
  ShownInstances(const storage::Store& store, const View& view, Query query);

  const storage::Store* store_;
  const View* view_;
  std::unique_ptr<const Query> query_;
  std::unique_ptr<Walk> walk_;
};

}  // namespace trialgate::gateway
