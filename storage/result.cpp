#include "storage/result.h"

#include <stdexcept>

namespace trialgate::storage {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "storage"; }
  std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::io_error:
        return "input/output error";
      case Errc::no_space:
        return "no space left";
      case Errc::not_found:
        return "not found";
      case Errc::corrupt:
        return "stored data do not match their record";
      case Errc::in_use:
        return "in use by another process";
      case Errc::not_accepting:
        return "not accepting until the store has been re-scanned";
      case Errc::invalid_argument:
        return "invalid argument";
      case Errc::index_error:
        return "index error";
    }
    return "unknown error";
  }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

std::string Failure::message() const {
  return where.empty() ? code.message() : code.message() + ": " + where;
}

Failure fail(Errc code, std::string where) {
  return {make_error_code(code), std::move(where)};
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::logic_error(failure.message());
}

}  // namespace trialgate::storage
