#include "gateway/message/data_set.h"

#include <utility>

namespace trialgate::gateway {
namespace {

/// Ten thousand references take forty thousand elements; nothing in a message is nested deeper than this.
constexpr rules::Limits message_limits{.max_depth = 16,
                                       .max_elements = 500'000,
                                       .max_header_bytes = 32ULL << 20U,
                                       .max_value_bytes = 1ULL << 20U};

}  // namespace

rules::Result<rules::DataSet> read_message(std::span<const std::uint8_t> bytes,
                                           std::string_view transfer_syntax_uid) {
  const rules::TransferSyntax* const syntax = rules::find_transfer_syntax(transfer_syntax_uid);
  if (syntax == nullptr) return rules::fail(rules::Errc::unsupported, "transfer syntax of a message");
  auto data_set = rules::parse(bytes, *syntax, message_limits);
  if (data_set && (data_set->fatal || !data_set->complete))
    return rules::fail(rules::Errc::malformed_dataset, "data set of a message");
  return data_set;
}

rules::Result<rules::DataSet> new_message(std::string_view transfer_syntax_uid) {
  const rules::TransferSyntax* const syntax = rules::find_transfer_syntax(transfer_syntax_uid);
  if (syntax == nullptr || syntax->encapsulated || syntax->deflated)
    return rules::fail(rules::Errc::unsupported, "transfer syntax of a message");
  rules::DataSet data_set;
  data_set.transfer_syntax = syntax;
  data_set.elements = rules::ElementList(syntax->big_endian    ? rules::Encoding::explicit_big
                                         : syntax->explicit_vr ? rules::Encoding::explicit_little
                                                               : rules::Encoding::implicit_little);
  data_set.complete = true;
  return data_set;
}

rules::Result<std::vector<std::uint8_t>> write_message(const rules::DataSet& data_set) {
  auto written = rules::write(data_set);
  if (!written) return written.error();
  // Without pixel data everything is in the prefix.
  return std::move(written->prefix);
}

std::string text_of(const rules::ElementList& elements, rules::Tag tag) {
  const rules::Element* const element = elements.find(tag);
  return element == nullptr ? std::string() : std::string(element->text());
}

std::span<const rules::Item> items_of(const rules::ElementList& elements, rules::Tag tag) {
  const rules::Element* const element = elements.find(tag);
  return element == nullptr ? std::span<const rules::Item>() : std::span(element->items());
}

}  // namespace trialgate::gateway
