#pragma once

#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::test {

using Bytes = std::vector<std::uint8_t>;

/// Hexadecimal digits to bytes; spaces are ignored, and text in '...' stands for its characters.
inline Bytes bytes(std::string_view text) {
  Bytes result;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\'') {
      for (++i; text[i] != '\''; ++i) result.push_back(static_cast<std::uint8_t>(text[i]));
      ++i;
    } else if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
    } else {
      result.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
      i += 2;
    }
  }
  return result;
}

template <class... Parts>
Bytes join(const Parts&... parts) {
  Bytes all;
  const auto append = [&all](const auto& part) {
    for (const std::uint8_t byte : part) all.push_back(byte);
  };
  (append(parts), ...);
  return all;
}

}  // namespace trialgate::test
