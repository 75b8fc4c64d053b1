#include "gateway/commands/check_files.h"
#include "gateway/commands/deidentify_files.h"
#include "tests/gateway/commands/sample_trial.h"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>

using namespace trialgate::gateway;
using namespace trialgate::gateway::test;

namespace fs = std::filesystem;

namespace {

struct Run {
  int status = 0;
  std::string out;
  std::string err;
};

WorkerPoolConfig workers() {
  WorkerPoolConfig config;
  config.command = {TRIALGATE_INSTANCE_WORKER};
  return config;
}

Run check(const fs::path& trial, std::vector<fs::path> paths, bool json = false, std::string site = {}) {
  CheckOptions options;
  options.trial = trial;
  options.paths = std::move(paths);
  options.json = json;
  options.explain = true;
  options.site = std::move(site);
  options.workers = workers();
  std::ostringstream out;
  std::ostringstream err;
  const int status = check_command(options, out, err);
  return {status, out.str(), err.str()};
}

Run deidentify(const TemporaryFolder& folder, std::vector<fs::path> paths, std::string subject = {}) {
  DeidentifyOptions options;
  options.trial = folder.path() / "trial.yaml";
  options.key_file = folder.path() / "key";
  options.paths = std::move(paths);
  options.output = folder.path() / "out";
  options.subject = std::move(subject);
  options.workers = workers();
  std::ostringstream out;
  std::ostringstream err;
  const int status = deidentify_command(options, out, err);
  return {status, out.str(), err.str()};
}

/// Two slices of one study, 5 mm apart.
void write_study(const TemporaryFolder& folder, const std::string& thickness = "5") {
  for (int i = 0; i < 2; ++i) {
    SyntheticInstance instance("1.2.3.4." + std::to_string(i));
    instance.set(0x00180050, "DS", thickness);
    instance.set(0x00200013, "IS", std::to_string(i + 1));
    instance.set(0x00200032, "DS", "0\\0\\" + std::to_string(5 * i));
    folder.write("in/ct" + std::to_string(i), instance.file());
  }
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("check: a study that conforms would be released") {
  const TemporaryFolder folder;
  const auto trial = write_sample_trial(folder);
  write_study(folder);
  folder.write("in/readme.txt", "not DICOM");
  const Run run = check(trial, {folder.path() / "in"});
  INFO(run.out);
  CHECK(run.err == "");
  CHECK(run.status == 0);
  CHECK(run.out.find("study 1.2.3  release") != std::string::npos);
  CHECK(run.out.find("subject ONC-301-007, time point BL") != std::string::npos);
  CHECK(run.out.find("1 other files were ignored") != std::string::npos);
  CHECK(run.out.find("HOSP-77") == std::string::npos);
  CHECK(run.out.find("Secret") == std::string::npos);
}

TEST_CASE("check: thick slices are a finding, as text and as JSON") {
  const TemporaryFolder folder;
  const auto trial = write_sample_trial(folder);
  write_study(folder, "7.5");
  const Run run = check(trial, {folder.path() / "in"});
  CHECK(run.status == 1);
  CHECK(run.out.find("ct/thickness") != std::string::npos);
  CHECK(run.out.find("7.5 mm") != std::string::npos);
  const Run json = check(trial, {folder.path() / "in"}, true, "SITE01");
  CHECK(json.status == 1);
  const auto studies = boost::json::parse(json.out).at("studies").as_array();
  REQUIRE(studies.size() == 1);
  CHECK(studies.at(0).at("outcome") == "quarantine");
}

TEST_CASE("check: what cannot be judged is status 2 and says why") {
  const TemporaryFolder folder;
  const auto trial = write_sample_trial(folder);
  write_study(folder);
  CHECK(check(trial, {folder.path() / "absent"}).status == 2);
  CHECK(check(trial, {}).status == 2);
  CHECK(check(folder.path() / "absent.yaml", {folder.path() / "in"}).status == 2);
  CHECK(check(trial, {folder.path() / "in"}, false, "SITE99").status == 2);
  folder.write("in/broken", std::string(128, '\0') + "DICM" + std::string(50, '\xFF'));
  const Run run = check(trial, {folder.path() / "in"});
  CHECK(run.status == 2);
  CHECK(run.out.find("unreadable " + (folder.path() / "in/broken").string()) != std::string::npos);
}

TEST_CASE("check: copies of a file count once, other bytes under the same UID are a conflict") {
  const TemporaryFolder folder;
  const auto trial = write_sample_trial(folder);
  write_study(folder);
  fs::copy(folder.path() / "in/ct0", folder.path() / "in/copy");
  const Run copied = check(trial, {folder.path() / "in"});
  CHECK(copied.status == 0);
  CHECK(copied.out.find("1 files were copies") != std::string::npos);
  SyntheticInstance other("1.2.3.4.0");
  other.set(0x00181000, "LO", "SERIAL-2");
  folder.write("in/other", other.file());
  CHECK(check(trial, {folder.path() / "in"}).status == 1);
}

TEST_CASE(
    "deidentify: files without identity, named by their new UIDs, twice the same and never overwritten") {
  const TemporaryFolder folder;
  write_sample_trial(folder);
  write_study(folder);
  const Run run = deidentify(folder, {folder.path() / "in"});
  INFO(run.out);
  CHECK(run.err == "");
  CHECK(run.status == 0);
  std::vector<fs::path> written;
  for (const auto& entry : fs::directory_iterator(folder.path() / "out")) written.push_back(entry.path());
  REQUIRE(written.size() == 2);
  for (const fs::path& file : written) {
    const std::string bytes = content_of(file);
    CHECK(bytes.substr(128, 4) == "DICM");
    CHECK(bytes.find(file.stem().string()) != std::string::npos);
    CHECK(bytes.find("ONC-301-007") != std::string::npos);
    CHECK(bytes.find(std::string(512, '\x21')) != std::string::npos);
    for (const char* identifying : {"Secret", "HOSP-77", "ACC-4711", "19500102", "20260710", "1.2.3.4."}) {
      CHECK(bytes.find(identifying) == std::string::npos);
    }
  }
  const std::string before = content_of(written.front());
  const Run again = deidentify(folder, {folder.path() / "in"});
  CHECK(again.status == 1);
  CHECK(again.out.find("already in the output folder") != std::string::npos);
  CHECK(content_of(written.front()) == before);
}

TEST_CASE(
    "deidentify: an unknown patient, another subject and a file that is no image are refused with a reason") {
  const TemporaryFolder folder;
  write_sample_trial(folder);
  folder.write("in/stranger", SyntheticInstance("1.2.3.9", "1.2.9", "HOSP-99").file());
  folder.write("in/broken", std::string(128, '\0') + "DICM" + std::string(50, '\xFF'));
  const Run run = deidentify(folder, {folder.path() / "in"});
  CHECK(run.status == 1);
  CHECK(run.out.find("subject register") != std::string::npos);
  CHECK(run.out.find("0 written") != std::string::npos);
  CHECK(run.out.find("2 refused") != std::string::npos);
  CHECK(run.out.find("HOSP-99") == std::string::npos);
  const TemporaryFolder known;
  write_sample_trial(known);
  write_study(known);
  CHECK(deidentify(known, {known.path() / "in"}, "ONC-301-999").status == 1);
  CHECK(fs::is_empty(known.path() / "out"));
}

TEST_CASE("deidentify: a key that is missing, short or open to others stops before anything is read") {
  const TemporaryFolder folder;
  write_sample_trial(folder);
  write_study(folder);
  fs::permissions(folder.path() / "key", fs::perms::others_read, fs::perm_options::add);
  CHECK(deidentify(folder, {folder.path() / "in"}).status == 2);
  fs::remove(folder.path() / "key");
  const Run run = deidentify(folder, {folder.path() / "in"});
  CHECK(run.status == 2);
  CHECK_FALSE(run.err.empty());
  CHECK_FALSE(fs::exists(folder.path() / "out"));
}
