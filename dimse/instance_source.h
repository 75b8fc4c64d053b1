#pragma once

#include "dimse/result.h"
#include "dimse/task.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace trialgate::dimse {

/// Gives the data set of one instance. Called from the association's coroutine only.
class InstanceSource {
 public:
  virtual ~InstanceSource() = default;
  /// Length of the whole data set; even.
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  /// Next 1 to `at_most` bytes, valid until the next call; an empty span at the end. A failure, or an end
  /// before size_bytes(), aborts the association, because half a data set cannot be taken back otherwise.
  virtual Task<Result<std::span<const std::uint8_t>>> read(std::size_t at_most) = 0;
};

/// Priority (0000,0700) of a C- request (PS3.7 §9.3).
enum class Priority : std::uint16_t { medium = 0, high = 1, low = 2 };

}  // namespace trialgate::dimse
