#include "dimse/pdu/parse.h"

#include "dimse/pdu/big_endian.h"

#include <algorithm>
#include <bitset>

namespace trialgate::dimse {
namespace {

using Bytes = std::span<const std::uint8_t>;

Failure malformed(std::string where) {
  return fail(Errc::malformed_pdu, std::move(where));
}

struct Item {
  std::uint8_t type = 0;
  Bytes value;
};

Result<Item> next_item(BigEndianReader& reader, const char* parent) {
  const auto type = reader.u8();
  const auto reserved = reader.u8();
  const auto length = reader.u16();
  if (!type || !reserved || !length) return malformed(std::string("item header in ") + parent);
  const auto value = reader.take(*length);
  if (!value) return malformed(std::string("item length in ") + parent);
  return Item{*type, *value};
}

Uid to_uid(Bytes bytes) {
  return Uid(std::string(bytes.begin(), bytes.end()));
}

Result<Uid> well_formed_uid(Bytes bytes, const char* where) {
  Uid uid = to_uid(bytes);
  if (!uid.is_well_formed()) return malformed(where);
  return uid;
}

template <class Pdu>
Result<BigEndianReader> parse_fixed_part(Bytes body, Pdu& pdu) {
  BigEndianReader reader(body);
  const auto version = reader.u16();
  const auto reserved = reader.u16();
  const auto called = reader.take(pdu.titles.called.size());
  const auto calling = reader.take(pdu.titles.calling.size());
  const auto echoed = reader.take(pdu.titles.reserved.size());
  if (!version || !reserved || !called || !calling || !echoed) return malformed("A-ASSOCIATE fixed fields");
  pdu.protocol_version = *version;
  std::copy(called->begin(), called->end(), pdu.titles.called.begin());
  std::copy(calling->begin(), calling->end(), pdu.titles.calling.begin());
  std::copy(echoed->begin(), echoed->end(), pdu.titles.reserved.begin());
  return reader;
}

std::optional<RoleSelection> parse_role(Bytes value) {
  BigEndianReader reader(value);
  const auto length = reader.u16();
  const auto uid = length ? reader.take(*length) : std::nullopt;
  const auto scu = reader.u8();
  const auto scp = reader.u8();
  if (!uid || !scu || !scp) return std::nullopt;
  return RoleSelection{to_uid(*uid), *scu == 1, *scp == 1};
}

std::optional<ExtendedNegotiation> parse_extended(Bytes value) {
  BigEndianReader reader(value);
  const auto length = reader.u16();
  const auto uid = length ? reader.take(*length) : std::nullopt;
  if (!uid) return std::nullopt;
  const auto rest = *reader.take(reader.left());
  return ExtendedNegotiation{to_uid(*uid), {rest.begin(), rest.end()}};
}

std::optional<UserIdentityRq> parse_user_identity(Bytes value) {
  BigEndianReader reader(value);
  const auto type = reader.u8();
  const auto response = reader.u8();
  const auto primary_length = reader.u16();
  const auto primary = primary_length ? reader.take(*primary_length) : std::nullopt;
  const auto secondary_length = reader.u16();
  const auto secondary = secondary_length ? reader.take(*secondary_length) : std::nullopt;
  if (!type || !response || !primary || !secondary) return std::nullopt;
  return UserIdentityRq{
      *type, *response == 1, {primary->begin(), primary->end()}, {secondary->begin(), secondary->end()}};
}

std::optional<std::vector<std::uint8_t>> parse_identity_response(Bytes value) {
  BigEndianReader reader(value);
  const auto length = reader.u16();
  const auto response = length ? reader.take(*length) : std::nullopt;
  if (!response) return std::nullopt;
  return std::vector<std::uint8_t>(response->begin(), response->end());
}

/// Puts one sub-item into `info`; false if its inside does not fit its length.
bool parse_user_sub_item(const Item& item, UserInformation& info) {
  BigEndianReader reader(item.value);
  switch (item.type) {
    case 0x51: {
      const auto length = reader.u32();
      if (length && !info.max_length) info.max_length = length;
      return length.has_value();
    }
    case 0x52:
      if (info.implementation_class_uid.empty()) info.implementation_class_uid = to_uid(item.value);
      return info.implementation_class_uid.value().size() <= 64;
    case 0x53: {
      const auto invoked = reader.u16();
      const auto performed = reader.u16();
      if (!invoked || !performed) return false;
      if (!info.async_operations_window)
        info.async_operations_window = AsyncOperationsWindow{*invoked, *performed};
      return true;
    }
    case 0x54: {
      auto role = parse_role(item.value);
      if (role) info.roles.push_back(std::move(*role));
      return role.has_value();
    }
    case 0x55:
      if (info.implementation_version_name.empty()) {
        // The name reaches logs: what is not printable is not a version name.
        for (const std::uint8_t c : item.value.first(std::min<std::size_t>(item.value.size(), 16))) {
          if (c >= 0x20 && c < 0x7f) info.implementation_version_name.push_back(static_cast<char>(c));
        }
      }
      return true;
    case 0x56: {
      auto extended = parse_extended(item.value);
      if (extended) info.extended.push_back(std::move(*extended));
      return extended.has_value();
    }
    case 0x58: {
      auto identity = parse_user_identity(item.value);
      const bool fits = identity.has_value();
      if (!info.user_identity) info.user_identity = std::move(identity);
      return fits;
    }
    case 0x59: {
      auto response = parse_identity_response(item.value);
      const bool fits = response.has_value();
      if (!info.user_identity_response) info.user_identity_response = std::move(response);
      return fits;
    }
    default:
      return true;
  }
}

Result<UserInformation> parse_user_information(Bytes value) {
  UserInformation info;
  BigEndianReader reader(value);
  while (!reader.empty()) {
    const auto item = next_item(reader, "user information");
    if (!item) return item.error();
    if (!parse_user_sub_item(*item, info)) return malformed("user information sub-item");
  }
  return info;
}

Result<PresentationContextRq> parse_context_rq(Bytes value) {
  BigEndianReader reader(value);
  const auto id = reader.u8();
  if (!id || !reader.take(3)) return malformed("presentation context");
  PresentationContextRq context{PresentationContextId{*id}, {}, {}};
  while (!reader.empty()) {
    const auto item = next_item(reader, "presentation context");
    if (!item) return item.error();
    if (item->type == 0x30) {
      if (!context.abstract_syntax.empty()) return malformed("second abstract syntax");
      auto uid = well_formed_uid(item->value, "abstract syntax");
      if (!uid) return uid.error();
      context.abstract_syntax = std::move(*uid);
    } else if (item->type == 0x40) {
      auto uid = well_formed_uid(item->value, "transfer syntax");
      if (!uid) return uid.error();
      context.transfer_syntaxes.push_back(std::move(*uid));
    }
  }
  if (context.abstract_syntax.empty()) return malformed("presentation context without abstract syntax");
  if (context.transfer_syntaxes.empty()) return malformed("presentation context without transfer syntax");
  return context;
}

Result<PresentationContextAc> parse_context_ac(Bytes value) {
  BigEndianReader reader(value);
  const auto id = reader.u8();
  const auto reserved = reader.u8();
  const auto result = reader.u8();
  if (!id || !reserved || !result || !reader.u8()) return malformed("presentation context");
  PresentationContextAc context{PresentationContextId{*id}, static_cast<ContextResult>(*result), {}};
  while (!reader.empty()) {
    const auto item = next_item(reader, "presentation context");
    if (!item) return item.error();
    if (item->type == 0x40 && context.transfer_syntax.empty()) context.transfer_syntax = to_uid(item->value);
  }
  if (context.result == ContextResult::acceptance && !context.transfer_syntax.is_well_formed())
    return malformed("accepted presentation context without transfer syntax");
  return context;
}

/// The presentation context ids of one PDU: odd, unique, hence at most 128.
class SeenIds {
 public:
  [[nodiscard]] bool add(PresentationContextId id) {
    const auto number = static_cast<std::uint8_t>(id);
    if (number % 2 == 0 || seen_[number]) return false;
    seen_.set(number);
    return true;
  }

 private:
  std::bitset<256> seen_;
};

/// Items that RQ and AC share; `context_item` and `parse_context` are theirs.
template <class Pdu, class ParseContext>
Result<void> parse_items(BigEndianReader reader, Pdu& pdu, std::uint8_t context_item,
                         ParseContext parse_context) {
  SeenIds ids;
  bool user_information = false;
  while (!reader.empty()) {
    const auto item = next_item(reader, "A-ASSOCIATE");
    if (!item) return item.error();
    if (item->type == 0x10 && pdu.application_context.empty()) {
      pdu.application_context = to_uid(item->value);
    } else if (item->type == context_item) {
      auto context = parse_context(item->value);
      if (!context) return context.error();
      if (!ids.add(context->id)) return malformed("presentation context id");
      pdu.presentation_contexts.push_back(std::move(*context));
    } else if (item->type == 0x50 && !user_information) {
      user_information = true;
      auto info = parse_user_information(item->value);
      if (!info) return info.error();
      pdu.user_information = std::move(*info);
    }
  }
  return {};
}

}  // namespace

Result<AssociateRq> parse_associate_rq(Bytes body) {
  AssociateRq rq;
  auto reader = parse_fixed_part(body, rq);
  if (!reader) return reader.error();
  if (auto items = parse_items(*reader, rq, 0x20, parse_context_rq); !items) return items.error();
  if (rq.application_context.empty()) return malformed("missing application context");
  if (rq.presentation_contexts.empty()) return malformed("no presentation context");
  return rq;
}

Result<AssociateAc> parse_associate_ac(Bytes body) {
  AssociateAc ac;
  auto reader = parse_fixed_part(body, ac);
  if (!reader) return reader.error();
  if (auto items = parse_items(*reader, ac, 0x21, parse_context_ac); !items) return items.error();
  return ac;
}

Result<AssociateRj> parse_associate_rj(Bytes body) {
  if (body.size() != 4) return malformed("A-ASSOCIATE-RJ length");
  return AssociateRj{body[1], body[2], body[3]};
}

Result<Abort> parse_abort(Bytes body) {
  if (body.size() != 4) return malformed("A-ABORT length");
  return Abort{body[2], body[3]};
}

Result<void> parse_release(Bytes body) {
  if (body.size() != 4) return malformed("A-RELEASE length");
  return {};
}

}  // namespace trialgate::dimse
