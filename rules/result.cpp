#include "rules/result.h"

#include <stdexcept>

namespace trialgate::rules {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "rules"; }
  std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::malformed_dataset:
        return "malformed data set";
      case Errc::limit_exceeded:
        return "limit exceeded";
      case Errc::unsupported:
        return "not supported";
      case Errc::invalid_configuration:
        return "invalid configuration";
      case Errc::held:
        return "held";
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

}  // namespace trialgate::rules
