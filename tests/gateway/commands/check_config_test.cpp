#include "gateway/commands/check_config.h"

#include "tests/gateway/commands/sample_trial.h"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <sstream>

using namespace trialgate::gateway;
using namespace trialgate::gateway::test;

namespace {

struct Run {
  int status = 0;
  std::string out;
  std::string err;
};

Run check(std::vector<std::filesystem::path> files, bool json = false) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = check_config_command({std::move(files), json}, out, err);
  return {status, out.str(), err.str()};
}

}  // namespace

TEST_CASE("a valid trial file is named with what it holds") {
  const TemporaryFolder folder;
  const auto file = write_sample_trial(folder);
  const Run run = check({file});
  CHECK(run.err == "");
  CHECK(run.status == 0);
  CHECK(run.out ==
        file.string() + ": valid: trial ONC-301, charter 2.1, 1 subject, 2 time points, 1 series slot\n");
}

TEST_CASE("mistakes come as file:line:column, and exit status 2") {
  const TemporaryFolder folder;
  std::string yaml = sample_trial;
  yaml.insert(yaml.find("subjects:"), "colour: red\n");
  const auto file = write_sample_trial(folder, yaml);
  const Run run = check({file});
  CHECK(run.status == 2);
  CHECK(run.out.empty());
  CHECK(run.err.find("trial.yaml:5:1: ") != std::string::npos);
  const Run json = check({file}, true);
  CHECK(json.status == 2);
  const auto object = boost::json::parse(json.out).as_object();
  CHECK(object.at("valid") == false);
  CHECK(object.at("files").as_array().at(0).at("errors").as_array().at(0).at("line") == 5);
}

TEST_CASE("files that are missing or no YAML are mistakes too, not exceptions") {
  const TemporaryFolder folder;
  for (const auto& file : {folder.path() / "absent.yaml", folder.write("bad.yaml", "a: [b\n"), folder.path(),
                           folder.write("empty.yaml", ""), folder.write("node.yaml", "no_such_key: 1\n")}) {
    CAPTURE(file);
    const Run run = check({file});
    CHECK(run.status == 2);
    CHECK_FALSE(run.err.empty());
  }
}
