#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// The bytes of a file that only its owner may read; a text says what is wrong. `what`: "the key file".
[[nodiscard]] std::variant<std::vector<std::uint8_t>, std::string> read_private_file(
    const std::filesystem::path& file, const std::string& what);

/// Reads the secret that pseudonyms, UIDs and date shifts are made with: raw bytes, at least 32, readable by
/// its owner alone. A text is one sentence that says what is wrong.
[[nodiscard]] std::variant<std::vector<std::uint8_t>, std::string> read_key_file(
    const std::filesystem::path& file);

/// A password that a file holds.
struct Password {
  std::string text;
};

/// Reads the first line of a file that is readable by its owner alone. A text says what is wrong.
[[nodiscard]] std::variant<Password, std::string> read_password_file(const std::filesystem::path& file);

}  // namespace trialgate::gateway
