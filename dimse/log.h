#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace trialgate::dimse {

/// error: an operator must act; warn: a peer broke the standard; info: life of associations and instances;
/// debug: PDUs.
enum class Level { debug, info, warn, error };

/// One key=value of an event. UIDs and AE titles may stand here, values of a data set never.
struct Field {
  std::string_view key;
  std::variant<std::int64_t, std::string> value;
};

/// Receives what happens on the network. Called from every I/O thread at once: implementations are
/// thread-safe and do not block. Every event of an association has the field `id`.
class Log {
 public:
  virtual ~Log() = default;
  virtual void event(Level level, std::string_view name, std::span<const Field> fields) = 0;
  /// False saves the work of building the fields.
  [[nodiscard]] virtual bool enabled(Level) const { return true; }
};

}  // namespace trialgate::dimse
