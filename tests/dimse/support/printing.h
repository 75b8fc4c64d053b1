#pragma once

#include "dimse/result.h"

#include <doctest/doctest.h>

/// doctest would print a Result with an operator that its value has not.
template <class T>
struct doctest::StringMaker<boost::system::result<T, trialgate::dimse::Failure>> {
  static doctest::String convert(const boost::system::result<T, trialgate::dimse::Failure>& result) {
    return result ? "a value" : result.error().message().c_str();
  }
};
