#include "gateway/commit/commitment_exchange.h"

#include "dimse/scp/service_sop_classes.h"
#include "gateway/receive/offload.h"
#include "rules/dataset/transfer_syntax.h"

#include <utility>

namespace trialgate::gateway {

dimse::Task<storage::Result<CommitmentMessage>> read_commitment(storage::Store& store,
                                                                boost::asio::thread_pool& disk,
                                                                storage::CommitmentRow row) {
  CommitmentMessage message{row.transaction_uid, {}};
  auto read_items = [&store, &row, &message] {
    return store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto items = transaction.commitments().items(row.id);
      if (!items) return items.error();
      message.items = std::move(*items);
      return {};
    });
  };
  const storage::Result<void> read = co_await offload(disk, read_items);
  if (!read) co_return read.error();
  co_return std::move(message);
}

dimse::ProposedContext commitment_context(dimse::ProposedRole role) {
  dimse::ProposedContext context;
  context.abstract_syntax = dimse::Uid(std::string(dimse::storage_commitment_push_model));
  context.transfer_syntaxes.emplace_back(std::string(rules::transfer_syntaxes::explicit_vr_little_endian));
  context.transfer_syntaxes.emplace_back(std::string(rules::transfer_syntaxes::implicit_vr_little_endian));
  context.role = role;
  return context;
}

dimse::Task<std::variant<std::uint16_t, std::string>> send_commitment(dimse::Requestor& association,
                                                                      dimse::CommandField command,
                                                                      std::uint16_t type_id,
                                                                      CommitmentMessage message) {
  dimse::NormalizedOperation operation;
  operation.command = command;
  operation.sop_class = dimse::Uid(std::string(dimse::storage_commitment_push_model));
  operation.sop_instance = dimse::Uid(std::string(commitment_sop_instance));
  operation.type_id = type_id;
  operation.transfer_syntax = association.accepted_transfer_syntaxes(operation.sop_class).front();
  auto bytes = write_commitment_message(message, operation.transfer_syntax.value());
  if (!bytes) co_return bytes.error().message();
  operation.data_set = std::move(*bytes);
  auto answer = co_await association.perform(std::move(operation));
  if (!answer) co_return answer.error().message();
  co_return answer->status;
}

}  // namespace trialgate::gateway
