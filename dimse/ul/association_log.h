#pragma once

#include "dimse/log.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace trialgate::dimse {

/// The log of one association: every event gets its id.
class AssociationLog {
 public:
  AssociationLog(Log& log, std::uint64_t id) noexcept : log_(&log), id_(id) {}

  void event(Level level, std::string_view name, std::initializer_list<Field> fields = {}) const;
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

 private:
  Log* log_;
  std::uint64_t id_;
};

/// A peer's text for a log: what is not printable ISO 646 becomes '?'.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace trialgate::dimse
