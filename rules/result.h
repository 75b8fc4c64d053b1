#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <type_traits>

namespace trialgate::rules {

/// Failures of reading data sets and trial files.
enum class Errc {
  malformed_dataset = 1,
  limit_exceeded,
  unsupported,
  invalid_configuration,
  held,
};

/// What went wrong, and where: a field, a file, a limit. Never patient data.
struct Failure {
  boost::system::error_code code;
  std::string where;

  /// One sentence for logs and people.
  [[nodiscard]] std::string message() const;
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] const boost::system::error_category& error_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(Errc code) noexcept;

/// Shorthand for a failed Result.
[[nodiscard]] Failure fail(Errc code, std::string where);

/// boost::system::result needs this to throw from value(); a thrown Failure is a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& location);

}  // namespace trialgate::rules

template <>
struct boost::system::is_error_code_enum<trialgate::rules::Errc> : std::true_type {};
