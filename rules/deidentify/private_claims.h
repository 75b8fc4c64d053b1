#pragma once

#include "rules/dataset/data_set.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace trialgate::rules {

/// What the data set says about its private blocks in Private Data Element Characteristics Sequence
/// (0008,0300), PS3.3 §C.12.1.1.7.
class PrivateClaims {
 public:
  /// `top` is the list of the data set.
  void read(const ElementList& top);

  /// The block is SAFE, or the element is listed as nonidentifying, and nothing says otherwise.
  [[nodiscard]] bool says_safe(Tag tag, std::string_view creator) const;
  /// The element is listed as identifying, (0008,0306), whatever action goes with it.
  [[nodiscard]] bool says_identifying(Tag tag, std::string_view creator) const;

 private:
  using Block = std::pair<std::uint16_t, std::string>;
  using Place = std::tuple<std::uint16_t, std::string, std::uint8_t>;

  std::set<Block> safe_blocks_;
  std::set<Place> safe_;
  std::set<Place> identifying_;
};

}  // namespace trialgate::rules
