#include "dimse/scp/service_sop_classes.h"

namespace trialgate::dimse {
namespace {

// PS3.4 §C.6, §Y.6, §Z.6: <root>.<model>.<1 find, 2 move, 3 get>.
constexpr std::string_view query_retrieve_arc = "1.2.840.10008.5.1.4.1.2.";

}  // namespace

ServiceKind service_kind(const Uid& sop_class) noexcept {
  const std::string_view uid = sop_class.value();
  if (uid == modality_worklist_find) return ServiceKind::find;
  if (!uid.starts_with(query_retrieve_arc)) return ServiceKind::normalized;
  const std::string_view rest = uid.substr(query_retrieve_arc.size());
  if (rest.size() != 3 || rest[1] != '.') return ServiceKind::normalized;
  switch (rest[2]) {
    case '1':
      return ServiceKind::find;
    case '2':
      return ServiceKind::move;
    case '3':
      return ServiceKind::get;
    default:
      return ServiceKind::normalized;
  }
}

}  // namespace trialgate::dimse
