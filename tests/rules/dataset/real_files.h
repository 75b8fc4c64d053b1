#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace trialgate::rules::test {

inline std::filesystem::path data_directory() {
  return TRIALGATE_TEST_DATA;
}

inline std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Every file of the manifest, in its order, relative to the data directory.
inline std::vector<std::string> manifest_files() {
  std::ifstream in(data_directory() / "MANIFEST.tsv");
  std::vector<std::string> files;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) files.push_back(line.substr(0, line.find('\t')));
  return files;
}

}  // namespace trialgate::rules::test
