#pragma once

#include "tests/rules/deidentify/support.h"

namespace trialgate::rules::test {

/// The same Part 10 file, which is in explicit VR little endian, in another transfer syntax.
[[nodiscard]] Bytes as_big_endian(const Bytes& file);
[[nodiscard]] Bytes as_deflated(const Bytes& file);

}  // namespace trialgate::rules::test
