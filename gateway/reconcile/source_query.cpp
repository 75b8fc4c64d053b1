#include "gateway/reconcile/source_query.h"

#include "dimse/scp/service_sop_classes.h"
#include "dimse/status.h"

#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::string_view implicit_vr_little_endian = "1.2.840.10008.1.2";
constexpr std::uint32_t sop_instance_uid = 0x00080018;
constexpr std::uint32_t query_retrieve_level = 0x00080052;
constexpr std::uint32_t study_instance_uid = 0x0020000D;
constexpr std::uint32_t series_instance_uid = 0x0020000E;
constexpr std::size_t header_bytes = 8;

void add_element(std::vector<std::uint8_t>& bytes, std::uint32_t tag, std::string value, char padding) {
  if (value.size() % 2 != 0) value += padding;
  const auto group = static_cast<std::uint16_t>(tag >> 16);
  const auto element = static_cast<std::uint16_t>(tag);
  const auto length = static_cast<std::uint32_t>(value.size());
  for (const std::uint32_t part : {std::uint32_t{group}, std::uint32_t{element}}) {
    bytes.push_back(static_cast<std::uint8_t>(part));
    bytes.push_back(static_cast<std::uint8_t>(part >> 8));
  }
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<std::uint8_t>(length >> shift));
  bytes.insert(bytes.end(), value.begin(), value.end());
}

std::uint32_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

/// Empty, or why one series could not be asked for.
dimse::Task<std::string> query_series(dimse::Requestor& association, const std::string& study_uid,
                                      const std::string& series_uid, StudyInventory& inventory) {
  dimse::FindOperation operation;
  operation.sop_class = dimse::Uid(std::string(dimse::study_root_find));
  operation.transfer_syntax = dimse::Uid(std::string(implicit_vr_little_endian));
  operation.identifier = image_level_query(study_uid, series_uid);
  auto found = co_await association.find(std::move(operation));
  if (!found) co_return found.error().message();
  if (found->status != dimse::status::success)
    co_return "the PACS answered C-FIND with status " + std::to_string(found->status);
  for (const std::vector<std::uint8_t>& match : found->matches) {
    auto uid = sop_instance_uid_of(match);
    if (!uid) co_return "the PACS answered C-FIND with an identifier that cannot be read";
    inventory[series_uid].insert(std::move(*uid));
  }
  co_return std::string();
}

}  // namespace

std::vector<std::uint8_t> image_level_query(std::string_view study_uid, std::string_view series_uid) {
  std::vector<std::uint8_t> bytes;
  add_element(bytes, sop_instance_uid, {}, '\0');
  add_element(bytes, query_retrieve_level, "IMAGE", ' ');
  add_element(bytes, study_instance_uid, std::string(study_uid), '\0');
  add_element(bytes, series_instance_uid, std::string(series_uid), '\0');
  return bytes;
}

std::optional<std::string> sop_instance_uid_of(std::span<const std::uint8_t> identifier) {
  while (identifier.size() >= header_bytes) {
    const std::uint32_t tag =
        little_endian(identifier.first(2)) << 16 | little_endian(identifier.subspan(2, 2));
    const std::uint32_t length = little_endian(identifier.subspan(4, 4));
    identifier = identifier.subspan(header_bytes);
    // What comes before it is of group 0008 and never a sequence that matters here.
    if (tag > sop_instance_uid || length > identifier.size()) return std::nullopt;
    const auto value = identifier.first(length);
    identifier = identifier.subspan(length);
    if (tag != sop_instance_uid) continue;
    std::string uid(value.begin(), value.end());
    uid.erase(uid.find_last_not_of(std::string_view("\0 ", 2)) + 1);
    if (uid.empty()) return std::nullopt;
    return uid;
  }
  return std::nullopt;
}

dimse::Task<std::variant<StudyInventory, std::string>> query_source(dimse::RequestorConfig config,
                                                                    std::string study_uid,
                                                                    std::vector<std::string> series_uids,
                                                                    dimse::Log& log) {
  std::vector<dimse::ProposedContext> contexts;
  contexts.push_back({dimse::Uid(std::string(dimse::study_root_find)),
                      {dimse::Uid(std::string(implicit_vr_little_endian))}});
  auto opened = co_await dimse::Requestor::open(std::move(config), std::move(contexts), log);
  if (!opened) co_return opened.error().message();
  dimse::Requestor& association = **opened;
  StudyInventory inventory;
  for (const std::string& series_uid : series_uids) {
    std::string problem = co_await query_series(association, study_uid, series_uid, inventory);
    if (!problem.empty()) co_return problem;
  }
  [[maybe_unused]] const auto released = co_await association.release();
  co_return inventory;
}

}  // namespace trialgate::gateway
