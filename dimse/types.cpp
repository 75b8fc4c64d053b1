#include "dimse/types.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

bool is_padding(char c) noexcept {
  return c == ' ' || c == '\0';
}

}  // namespace

Uid::Uid(std::string value) : value_(std::move(value)) {
  while (!value_.empty() && is_padding(value_.back())) value_.pop_back();
}

bool Uid::is_well_formed() const noexcept {
  const auto allowed = [](char c) { return c == '.' || (c >= '0' && c <= '9'); };
  return !value_.empty() && value_.size() <= 64 && std::all_of(value_.begin(), value_.end(), allowed);
}

AeTitle::AeTitle(std::string_view padded) {
  while (!padded.empty() && is_padding(padded.back())) padded.remove_suffix(1);
  while (!padded.empty() && is_padding(padded.front())) padded.remove_prefix(1);
  value_ = padded;
}

bool AeTitle::is_valid() const noexcept {
  const auto allowed = [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; };
  return !value_.empty() && value_.size() <= 16 && std::all_of(value_.begin(), value_.end(), allowed);
}

}  // namespace trialgate::dimse
