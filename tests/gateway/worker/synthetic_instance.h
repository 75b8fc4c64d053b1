#pragma once

#include "storage/part10.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace trialgate::gateway::test {

/// A small CT instance, explicit VR little endian. Elements can be changed before bytes() is called.
struct SyntheticInstance {
  struct Value {
    std::string vr;
    std::string bytes;
  };
  std::map<std::uint32_t, Value> elements;  ///< by tag
  std::string sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
  std::string sop_instance_uid;

  explicit SyntheticInstance(std::string uid = "1.2.3.4.5", std::string study = "1.2.3",
                             std::string patient = "HOSP-77")
      : sop_instance_uid(std::move(uid)) {
    set(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL");
    set(0x00080016, "UI", sop_class_uid);
    set(0x00080018, "UI", sop_instance_uid);
    set(0x00080020, "DA", "20260710");
    set(0x00080021, "DA", "20260710");
    set(0x00080022, "DA", "20260710");
    set(0x00080030, "TM", "101112");
    set(0x00080050, "SH", "ACC-4711");
    set(0x00080060, "CS", "CT");
    set(0x00080070, "LO", "Maker");
    set(0x00080090, "PN", "Referrer^Rita");
    set(0x00081090, "LO", "Scanner 9000");
    set(0x00100010, "PN", "Secret^Samuel");
    set(0x00100020, "LO", std::move(patient));
    set(0x00100030, "DA", "19500102");
    set(0x00100040, "CS", "M");
    set(0x00180050, "DS", "5");
    set(0x00181000, "LO", "SERIAL-1");
    set(0x0020000D, "UI", std::move(study));
    set(0x0020000E, "UI", "1.2.3.1");
    set(0x00200011, "IS", "1");
    set(0x00200013, "IS", "1");
    set(0x00200032, "DS", "0\\0\\0");
    set(0x00200037, "DS", "1\\0\\0\\0\\1\\0");
    set(0x00280002, "US", std::string("\1\0", 2));
    set(0x00280004, "CS", "MONOCHROME2");
    set(0x00280010, "US", std::string("\x10\0", 2));
    set(0x00280011, "US", std::string("\x10\0", 2));
    set(0x00280030, "DS", "0.7\\0.7");
    set(0x00280100, "US", std::string("\x10\0", 2));
    set(0x00280101, "US", std::string("\x0C\0", 2));
    set(0x00280102, "US", std::string("\x0B\0", 2));
    set(0x00280103, "US", std::string("\0\0", 2));
    set(0x00280301, "CS", "NO");
    set(0x7FE00010, "OW", std::string(512, '\x21'));
  }

  void set(std::uint32_t tag, std::string vr, std::string value) {
    if (value.size() % 2 != 0) value += vr == "UI" || vr == "OB" ? '\0' : ' ';
    elements[tag] = {std::move(vr), std::move(value)};
  }

  [[nodiscard]] std::string data_set() const {
    std::string bytes;
    const auto number = [&bytes](std::uint64_t value, int count) {
      for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
    };
    for (const auto& [tag, value] : elements) {
      number(tag >> 16U, 2);
      number(tag & 0xFFFFU, 2);
      bytes += value.vr;
      const bool is_long = value.vr == "OW" || value.vr == "OB" || value.vr == "SQ" || value.vr == "UN";
      if (is_long) number(0, 2);
      number(value.bytes.size(), is_long ? 4 : 2);
      bytes += value.bytes;
    }
    return bytes;
  }

  /// The Part 10 file.
  [[nodiscard]] std::string file() const {
    const auto head = storage::file_preamble_and_meta(sop_class_uid, sop_instance_uid, "1.2.840.10008.1.2.1");
    return std::string(head->begin(), head->end()) + data_set();
  }
};

/// A folder that vanishes with its content.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "trialgate-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::filesystem::path& name, const std::string& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace trialgate::gateway::test
