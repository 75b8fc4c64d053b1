#include "tests/dimse/support/node.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace trialgate::dimse;
using namespace trialgate::test;

namespace {

int run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str());
}

}  // namespace

TEST_CASE("DCMTK's echoscu and storescu are served as they are") {
  Node node;
  Accept any;
  any.contexts.any_storage_sop_class = true;
  node.policy.grant(any);
  const std::string port = std::to_string(node.port);
  CHECK(run("echoscu -aec TRIALGATE localhost " + port) == 0);
  CHECK(run("echoscu -aec OTHER localhost " + port) != 0);
  const std::string file = std::string(TRIALGATE_TEST_DATA) + "/ct/CT_small.dcm";
  CHECK(run("storescu -aec TRIALGATE localhost " + port + " " + file) == 0);
  CHECK(run("storescu -aec TRIALGATE --max-pdu 4096 -R localhost " + port + " " + file) == 0);
  const auto stored = node.service.stored();
  REQUIRE(stored.size() == 2);
  CHECK(stored[0].request.sop_class.value() == "1.2.840.10008.5.1.4.1.1.2");
  CHECK(stored[0].data_set == stored[1].data_set);
  CHECK(stored[0].data_set.size() > 30000);
  node.service.behave({.refusal = StoreOutcome{0xA700, "no space"}});
  CHECK(run("storescu -aec TRIALGATE localhost " + port + " " + file) != 0);
}
