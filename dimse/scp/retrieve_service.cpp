#include "dimse/scp/retrieve_service.h"

#include "dimse/status.h"

namespace trialgate::dimse {
namespace {

constexpr std::size_t longest_short_value = 0xFFFE;

void put_u32(std::vector<std::uint8_t>& out, std::size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

std::uint16_t retrieve_status(const SubOperations& counts) noexcept {
  if (counts.remaining > 0) return status::cancel;
  if (counts.failed > 0 && counts.completed == 0 && counts.warning == 0)
    return status::unable_to_perform_sub_operations;
  return counts.failed > 0 || counts.warning > 0 ? status::sub_operations_failed : status::success;
}

std::vector<std::uint8_t> failed_list_identifier(const std::vector<Uid>& failed, bool explicit_vr) {
  if (failed.empty()) return {};
  std::string value;
  for (const Uid& uid : failed) {
    if (!value.empty()) value.push_back('\\');
    value += uid.value();
  }
  if (value.size() % 2 != 0) value.push_back('\0');
  std::vector<std::uint8_t> identifier{0x08, 0x00, 0x58, 0x00};
  if (!explicit_vr) {
    put_u32(identifier, value.size());
  } else if (value.size() <= longest_short_value) {
    identifier.insert(identifier.end(), {'U', 'I', static_cast<std::uint8_t>(value.size()),
                                         static_cast<std::uint8_t>(value.size() >> 8)});
  } else {
    identifier.insert(identifier.end(), {'U', 'N', 0, 0});
    put_u32(identifier, value.size());
  }
  identifier.insert(identifier.end(), value.begin(), value.end());
  return identifier;
}

}  // namespace trialgate::dimse
