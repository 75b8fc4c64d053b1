#include "dimse/pdu/pdu.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

std::array<char, 16> padded(const AeTitle& title) {
  std::array<char, 16> field;
  field.fill(' ');
  const std::string& text = title.value();
  std::copy_n(text.begin(), std::min(text.size(), field.size()), field.begin());
  return field;
}

}  // namespace

AssociateTitles::AssociateTitles(const AeTitle& called_ae, const AeTitle& calling_ae)
    : called(padded(called_ae)), calling(padded(calling_ae)) {}

AeTitle AssociateTitles::called_ae() const {
  return AeTitle({called.data(), called.size()});
}

AeTitle AssociateTitles::calling_ae() const {
  return AeTitle({calling.data(), calling.size()});
}

}  // namespace trialgate::dimse
