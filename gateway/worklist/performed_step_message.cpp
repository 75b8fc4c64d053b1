#include "gateway/worklist/performed_step_message.h"

#include "gateway/message/data_set.h"

#include <set>

namespace trialgate::gateway {
namespace {

using rules::Tag;

constexpr Tag performed_step_status{0x0040, 0x0252};
constexpr Tag scheduled_step_attributes_sequence{0x0040, 0x0270};
constexpr Tag study_instance_uid{0x0020, 0x000D};
constexpr Tag performed_series_sequence{0x0040, 0x0340};
constexpr Tag referenced_image_sequence{0x0008, 0x1140};
constexpr Tag referenced_non_image_sequence{0x0040, 0x0220};
constexpr Tag referenced_sop_instance_uid{0x0008, 0x1155};

constexpr std::size_t longest_uid = 64;

bool can_be_uid(std::string_view text) {
  return !text.empty() && text.size() <= longest_uid &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::optional<storage::PerformedStepState> state_named(std::string_view text) {
  for (const auto state : {storage::PerformedStepState::in_progress, storage::PerformedStepState::completed,
                           storage::PerformedStepState::discontinued}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

}  // namespace

rules::Result<PerformedStepMessage> read_performed_step(std::span<const std::uint8_t> bytes,
                                                        std::string_view transfer_syntax_uid) {
  const auto data_set = read_message(bytes, transfer_syntax_uid);
  if (!data_set) return data_set.error();
  const rules::ElementList& elements = data_set->elements;
  PerformedStepMessage message;
  message.has_status = elements.find(performed_step_status) != nullptr;
  message.state = state_named(text_of(elements, performed_step_status));
  std::set<std::string> studies;
  for (const rules::Item& item : items_of(elements, scheduled_step_attributes_sequence)) {
    const std::string uid = text_of(item.elements, study_instance_uid);
    if (uid.empty()) continue;
    if (!can_be_uid(uid)) return rules::fail(rules::Errc::malformed_dataset, "Study Instance UID");
    studies.insert(uid);
  }
  message.study_uids.assign(studies.begin(), studies.end());
  message.has_series = elements.find(performed_series_sequence) != nullptr;
  std::set<std::string> instances;
  for (const rules::Item& series : items_of(elements, performed_series_sequence)) {
    for (const Tag sequence : {referenced_image_sequence, referenced_non_image_sequence}) {
      for (const rules::Item& item : items_of(series.elements, sequence)) {
        const std::string uid = text_of(item.elements, referenced_sop_instance_uid);
        if (!can_be_uid(uid))
          return rules::fail(rules::Errc::malformed_dataset, "Referenced SOP Instance UID");
        instances.insert(uid);
      }
    }
  }
  message.instances.assign(instances.begin(), instances.end());
  return message;
}

}  // namespace trialgate::gateway
