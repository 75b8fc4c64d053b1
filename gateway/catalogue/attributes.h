#pragma once

#include "rules/dataset/data_set.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// An attribute as the catalogue keeps it: text as UTF-8, values of a VR with several between backslashes,
/// binary numbers in decimal. Of a sequence its items; then `value` is empty.
struct Attribute {
  rules::Tag tag;
  std::string value;
  std::vector<std::vector<Attribute>> items;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// Ascending by tag, each tag once. Attributes without a value are left out.
using Attributes = std::vector<Attribute>;

/// As a row keeps them.
[[nodiscard]] std::string encode(const Attributes& attributes);
/// Nothing for bytes that encode() does not write. Bounded: 4 levels of items.
[[nodiscard]] std::optional<Attributes> decode_attributes(std::string_view bytes);
/// The value of one attribute, without decoding the others; empty when it is not there or a sequence. Looks
/// into `bytes`.
[[nodiscard]] std::string_view find_value(std::string_view bytes, rules::Tag tag) noexcept;

[[nodiscard]] const Attribute* find(const Attributes& attributes, rules::Tag tag) noexcept;
/// Puts it at its place, or replaces the one that is there.
void put(Attributes& attributes, Attribute attribute);
/// Takes over what `attributes` does not have.
void merge(Attributes& attributes, const Attributes& other);

/// What the catalogue keeps of one instance, by the row it goes to. Names the patient: never to be logged.
struct InstanceAttributes {
  Attributes study;  ///< the patient's too
  Attributes series;
  Attributes image;

  friend bool operator==(const InstanceAttributes&, const InstanceAttributes&) = default;
};

/// Reads those of `catalogue_attributes()` that stand in a data set and do not come from rows. Values that
/// cannot be decoded are left out, long ones are cut. Pure.
[[nodiscard]] InstanceAttributes read_instance_attributes(const rules::DataSet& data_set);

/// For the socket to a worker process.
[[nodiscard]] std::string encode(const InstanceAttributes& attributes);
[[nodiscard]] std::optional<InstanceAttributes> decode_instance_attributes(std::string_view bytes);

}  // namespace trialgate::gateway
