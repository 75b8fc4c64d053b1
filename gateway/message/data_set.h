#pragma once

#include "rules/dataset/data_set.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Reads the data set of a DIMSE message: of a request, a report, an identifier. Its views look into `bytes`.
/// Nesting and size are bounded far below those of an instance. Errors: those of rules::parse; unsupported
/// for an unknown transfer syntax; malformed_dataset when it has a fatal anomaly.
[[nodiscard]] rules::Result<rules::DataSet> read_message(std::span<const std::uint8_t> bytes,
                                                         std::string_view transfer_syntax_uid);

/// A data set without elements, to be filled for a message in this transfer syntax. Error: unsupported for
/// any but the three uncompressed ones.
[[nodiscard]] rules::Result<rules::DataSet> new_message(std::string_view transfer_syntax_uid);
/// Errors: those of rules::write.
[[nodiscard]] rules::Result<std::vector<std::uint8_t>> write_message(const rules::DataSet& data_set);

/// The value of an element as text, without padding; empty when it is absent. Not decoded.
[[nodiscard]] std::string text_of(const rules::ElementList& elements, rules::Tag tag);
/// The items of a sequence; none when it is absent, or no sequence.
[[nodiscard]] std::span<const rules::Item> items_of(const rules::ElementList& elements, rules::Tag tag);

}  // namespace trialgate::gateway
