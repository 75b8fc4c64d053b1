#include "gateway/commit/commitment_message.h"

#include "gateway/message/data_set.h"
#include "rules/dataset/values.h"

#include <utility>

namespace trialgate::gateway {
namespace {

constexpr rules::Tag transaction_uid{0x0008, 0x1195};
constexpr rules::Tag failed_sop_sequence{0x0008, 0x1198};
constexpr rules::Tag failure_reason_tag{0x0008, 0x1197};
constexpr rules::Tag referenced_sop_sequence{0x0008, 0x1199};
constexpr rules::Tag referenced_sop_class_uid{0x0008, 0x1150};
constexpr rules::Tag referenced_sop_instance_uid{0x0008, 0x1155};

constexpr std::size_t longest_uid = 64;

/// Leading zeros of components are in the field, as everywhere.
bool can_be_uid(std::string_view text) {
  return !text.empty() && text.size() <= longest_uid &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

rules::Result<void> read_items(const rules::ElementList& elements, rules::Tag sequence,
                               std::vector<storage::CommitmentItem>& items) {
  const bool failed = sequence == failed_sop_sequence;
  for (const rules::Item& item : items_of(elements, sequence)) {
    storage::CommitmentItem reference{text_of(item.elements, referenced_sop_class_uid),
                                      text_of(item.elements, referenced_sop_instance_uid), 0};
    if (!can_be_uid(reference.sop_class_uid) || !can_be_uid(reference.sop_instance_uid))
      return rules::fail(rules::Errc::malformed_dataset, "reference to a SOP instance");
    if (failed) {
      const rules::Element* const reason = item.elements.find(failure_reason_tag);
      const auto value = reason == nullptr ? std::nullopt : rules::binary_integer(*reason);
      reference.failure_reason = static_cast<std::uint16_t>(value.value_or(0));
      // A failure without a reason is still one.
      if (reference.failure_reason == 0) reference.failure_reason = failure_reason::processing_failure;
    }
    items.push_back(std::move(reference));
  }
  return {};
}

void add_items(rules::DataSet& data_set, rules::Tag tag, const std::vector<storage::CommitmentItem>& items) {
  const bool failed = tag == failed_sop_sequence;
  rules::Element sequence = rules::Element::sequence(tag);
  for (const storage::CommitmentItem& reference : items) {
    if ((reference.failure_reason != 0) != failed) continue;
    rules::ElementList& item = rules::append_item(data_set.elements, sequence).elements;
    item.put({referenced_sop_class_uid, rules::Vr::ui, reference.sop_class_uid});
    item.put({referenced_sop_instance_uid, rules::Vr::ui, reference.sop_instance_uid});
    if (failed) {
      item.put({failure_reason_tag, rules::Vr::us,
                rules::encode_integer(rules::Vr::us, reference.failure_reason, item.encoding())});
    }
  }
  if (!sequence.items().empty()) data_set.elements.put(std::move(sequence));
}

}  // namespace

rules::Result<CommitmentMessage> read_commitment_message(std::span<const std::uint8_t> bytes,
                                                         std::string_view transfer_syntax_uid) {
  const auto data_set = read_message(bytes, transfer_syntax_uid);
  if (!data_set) return data_set.error();
  CommitmentMessage message;
  message.transaction_uid = text_of(data_set->elements, transaction_uid);
  if (!can_be_uid(message.transaction_uid))
    return rules::fail(rules::Errc::malformed_dataset, "Transaction UID");
  for (const rules::Tag sequence : {referenced_sop_sequence, failed_sop_sequence}) {
    if (auto read = read_items(data_set->elements, sequence, message.items); !read) return read.error();
  }
  if (message.items.empty()) return rules::fail(rules::Errc::malformed_dataset, "Referenced SOP Sequence");
  return message;
}

rules::Result<std::vector<std::uint8_t>> write_commitment_message(const CommitmentMessage& message,
                                                                  std::string_view transfer_syntax_uid) {
  auto data_set = new_message(transfer_syntax_uid);
  if (!data_set) return data_set.error();
  data_set->elements.put({transaction_uid, rules::Vr::ui, message.transaction_uid});
  add_items(*data_set, failed_sop_sequence, message.items);
  add_items(*data_set, referenced_sop_sequence, message.items);
  return write_message(*data_set);
}

}  // namespace trialgate::gateway
