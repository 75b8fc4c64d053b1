#pragma once

#include "dimse/scp/retrieve_service.h"
#include "gateway/catalogue/shown_instances.h"
#include "gateway/log/logger.h"
#include "storage/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// More instances than this in one C-MOVE or C-GET are refused with A701: each is kept in memory with where
/// its bytes are.
inline constexpr std::size_t max_retrieved_instances = 200'000;

/// What the SOP class of a C-MOVE or C-GET says; nothing for a model that this node does not serve.
[[nodiscard]] std::optional<QueryModel> retrieve_model(const dimse::Uid& sop_class);

/// All instances that a request asks for and a view shows. Blocks: on the disk pool.
[[nodiscard]] std::variant<std::vector<ShownInstance>, dimse::RetrieveRefusal> find_instances(
    const storage::Store& store, const View& view, const dimse::RetrieveRequest& request);

/// Who retrieves what, for the log and the audit trail.
struct RetrievalRecord {
  std::string event;  ///< "retrieve.get" or "retrieve.move"
  std::string calling;
  std::string view;
  std::string destination;  ///< C-MOVE only
  std::uint64_t association_id = 0;
  std::vector<std::uint64_t> submissions;  ///< ascending, each once
};
[[nodiscard]] RetrievalRecord record_of(const dimse::RetrieveRequest& request, std::string event,
                                        const std::vector<ShownInstance>& instances);

/// Writes it down: how many were sent, how many not. Any thread; does not wait for the disk.
void record_retrieval(storage::Store& store, Logger& log, const RetrievalRecord& record,
                      const dimse::SubOperations& counts);
/// The same for one that was refused.
void record_refused_retrieval(storage::Store& store, Logger& log, const RetrievalRecord& record,
                              const dimse::RetrieveRefusal& refusal);

}  // namespace trialgate::gateway
