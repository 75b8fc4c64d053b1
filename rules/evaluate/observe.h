#pragma once

#include "rules/evaluate/condition.h"
#include "rules/evaluate/geometry.h"
#include "rules/evaluate/stacks.h"
#include "rules/trial/test.h"

#include <string_view>
#include <vector>

namespace trialgate::rules {

/// A value, and the instances that have it.
struct Observation {
  Value value;
  std::vector<const InstanceRecord*> instances;
  Text detail;  ///< where exactly: "2 missing between slices 11 and 12"; empty: nothing to add
};

/// A stack with its geometry, computed once.
struct MeasuredStack {
  const Stack* stack = nullptr;
  Geometry geometry;
};

/// What a stack says about a property: one observation for a quantity of the stack, one for each different
/// value of an attribute. Never empty for a stack with instances. `scanner` is observed as its identity in
/// words.
[[nodiscard]] std::vector<Observation> observe(const Property& property, const MeasuredStack& measured);

/// The value of an attribute in one instance; of paths with "[*]" the values of all items.
[[nodiscard]] Value attribute_value(const Property& property, const InstanceRecord& record);

/// Whether values of this attribute may name a person or a place: they are then never shown, nor kept as
/// facts.
[[nodiscard]] bool is_identifying(const Property& property);

}  // namespace trialgate::rules
