#include "gateway/config/key_file.h"

#include "rules/deidentify/identity.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace trialgate::gateway {

std::variant<std::vector<std::uint8_t>, std::string> read_private_file(const std::filesystem::path& file,
                                                                       const std::string& what) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::perms mode = fs::status(file, error).permissions();
  std::ifstream input(file, std::ios::binary);
  if (error || !input) return "cannot read " + what + " " + file.string();
  constexpr auto others = fs::perms::group_all | fs::perms::others_all;
  if ((mode & others) != fs::perms::none) {
    return what + " " + file.string() + " is open to others; take their rights away (chmod 600)";
  }
  return std::vector<std::uint8_t>{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
}

std::variant<std::vector<std::uint8_t>, std::string> read_key_file(const std::filesystem::path& file) {
  auto read = read_private_file(file, "the key file");
  const auto* key = std::get_if<std::vector<std::uint8_t>>(&read);
  if (key != nullptr && key->size() < rules::Identity::min_key_bytes) {
    return "the key file " + file.string() + " is too short; expected at least " +
           std::to_string(rules::Identity::min_key_bytes) + " random bytes";
  }
  return read;
}

std::variant<Password, std::string> read_password_file(const std::filesystem::path& file) {
  const auto read = read_private_file(file, "the password file");
  if (const auto* problem = std::get_if<std::string>(&read)) return *problem;
  const auto& bytes = std::get<std::vector<std::uint8_t>>(read);
  const auto end = std::find_if(bytes.begin(), bytes.end(),
                                [](std::uint8_t byte) { return byte == '\r' || byte == '\n'; });
  if (end == bytes.begin()) return "the password file " + file.string() + " is empty";
  return Password{std::string(bytes.begin(), end)};
}

}  // namespace trialgate::gateway
