#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <type_traits>

namespace trialgate::storage {

/// Failures of durable storage.
enum class Errc {
  io_error = 1,
  no_space,
  not_found,
  corrupt,
  in_use,
  not_accepting,
  invalid_argument,
  index_error,
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

}  // namespace trialgate::storage

template <>
struct boost::system::is_error_code_enum<trialgate::storage::Errc> : std::true_type {};
