#include "gateway/config/key_file.h"

#include "rules/deidentify/identity.h"

#include <fstream>
#include <iterator>
#include <system_error>

namespace trialgate::gateway {

std::variant<std::vector<std::uint8_t>, std::string> read_key_file(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::perms mode = fs::status(file, error).permissions();
  std::ifstream input(file, std::ios::binary);
  if (error || !input) return "cannot read the key file " + file.string();
  constexpr auto others = fs::perms::group_all | fs::perms::others_all;
  if ((mode & others) != fs::perms::none) {
    return "the key file " + file.string() + " is open to others; take their rights away (chmod 600)";
  }
  std::vector<std::uint8_t> key{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  if (key.size() < rules::Identity::min_key_bytes) {
    return "the key file " + file.string() + " is too short; expected at least " +
           std::to_string(rules::Identity::min_key_bytes) + " random bytes";
  }
  return key;
}

}  // namespace trialgate::gateway
