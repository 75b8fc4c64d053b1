#include "gateway/config/trial_book.h"

#include "tests/gateway/commands/sample_trial.h"

#include <doctest/doctest.h>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;

namespace {

std::string with_delivery(std::string to = "irc") {
  return std::string(sample_trial) + "deliver:\n  - {to: " + to + ", when: released}\n";
}

NodeConfig node_with(std::vector<TrialEntry> trials) {
  NodeConfig node;
  Destination destination;
  destination.name = "irc";
  node.destinations.push_back(destination);
  node.trials = std::move(trials);
  return node;
}

std::string first_error(const NodeConfig& node) {
  auto loaded = TrialBook::load(node);
  const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded);
  return errors == nullptr ? "none" : errors->front().to_string();
}

std::unique_ptr<TrialBook> book_of(const NodeConfig& node) {
  auto loaded = TrialBook::load(node);
  if (const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) {
    FAIL(errors->front().to_string());
  }
  return std::move(std::get<std::unique_ptr<TrialBook>>(loaded));
}

}  // namespace

TEST_CASE("a delivery rule to a destination that the node does not have is a mistake with its place") {
  const TemporaryFolder folder;
  const auto file = write_sample_trial(folder, with_delivery("nowhere"));
  const std::string error = first_error(node_with({{file, {}}}));
  CHECK(error.find("trial.yaml:") != std::string::npos);
  CHECK(error.find("'nowhere' is no destination of the node") != std::string::npos);
}

TEST_CASE("two files for one protocol are a mistake") {
  const TemporaryFolder folder;
  const auto file = write_sample_trial(folder);
  const auto copy = folder.write("copy.yaml", sample_trial);
  CHECK(first_error(node_with({{file, {}}, {copy, {}}})).find("'ONC-301' is that of") != std::string::npos);
}

TEST_CASE("a changed file is taken in once; a bad one is refused once and the old one stays") {
  const TemporaryFolder folder;
  const auto file = write_sample_trial(folder, with_delivery());
  const auto book = book_of(node_with({{file, "ONC301"}}));
  const auto before = book->current();
  CHECK(book->poll().empty());

  folder.write("trial.yaml", with_delivery() + "colour: red\n");
  const auto refused = book->poll();
  REQUIRE(refused.size() == 1);
  CHECK(refused.front().now_in_force == nullptr);
  CHECK_FALSE(refused.front().errors.empty());
  CHECK(book->poll().empty());
  CHECK(book->current() == before);

  std::string stricter = with_delivery();
  stricter.replace(stricter.find("max: 5.0"), 8, "max: 2.5");
  folder.write("trial.yaml", stricter);
  const auto taken = book->poll();
  REQUIRE(taken.size() == 1);
  REQUIRE(taken.front().now_in_force != nullptr);
  CHECK(book->current()->front().trial == taken.front().now_in_force);
  CHECK(before->front().trial != taken.front().now_in_force);
  // The AE title that the trial is bound to is the node's, not the file's: it survives.
  CHECK(book->current()->front().entry.called_ae_title == "ONC301");
  CHECK(trial_of(*book->current(), "ONC301", "SITE09", "", "UNKNOWN") == taken.front().now_in_force);
}

TEST_CASE("a changed register is a change; a file written anew with the same bytes is none") {
  const TemporaryFolder folder;
  const auto book = book_of(node_with({{write_sample_trial(folder, with_delivery()), {}}}));
  folder.write("subjects.csv", "site,patient_id,subject_id,first_dose\nSITE01,HOSP-78,S-8,2026-07-15\n");
  REQUIRE(book->poll().size() == 1);
  CHECK(book->current()->front().trial->subjects.find("SITE01", "", "HOSP-78") != nullptr);
  folder.write("trial.yaml", with_delivery());
  CHECK(book->poll().empty());
}

TEST_CASE("reload refuses a protocol ID that another file has") {
  const TemporaryFolder folder;
  std::string other = with_delivery();
  other.replace(other.find("ONC-301"), 7, "ONC-302");
  const auto first = write_sample_trial(folder, with_delivery());
  const auto book = book_of(node_with({{first, "ONE"}, {folder.write("other.yaml", other), "OTHER"}}));
  folder.write("other.yaml", with_delivery() + "\n");
  const auto reloads = book->poll();
  REQUIRE(reloads.size() == 1);
  CHECK(reloads.front().now_in_force == nullptr);
  CHECK(trial_named(*book->current(), "ONC-302") != nullptr);
}

TEST_CASE(
    "a patient in two registers is a mistake with both places, unless AE titles tell the trials apart") {
  const TemporaryFolder folder;
  std::string other = with_delivery();
  other.replace(other.find("ONC-301"), 7, "ONC-302");
  other.replace(other.find("subjects.csv"), 12, "others.csv");
  folder.write("others.csv",
               "site,patient_id,subject_id,first_dose\nSITE01,HOSP-1,S-1,2026-07-15\nSITE01, "
               "HOSP-77,S-2,2026-07-15\n");
  const auto first = write_sample_trial(folder, with_delivery());
  const auto second = folder.write("other.yaml", other);
  for (const char* const ae_title : {"", "SAME"}) {
    const std::string error = first_error(node_with({{first, ae_title}, {second, ae_title}}));
    CHECK(error.starts_with("others.csv:3:8: the same patient is in subjects.csv, line 2, column 8, too"));
    CHECK(error.find("HOSP-77") == std::string::npos);
  }
  CHECK(first_error(node_with({{first, "ONE"}, {second, {}}})) != "none");
  CHECK(first_error(node_with({{first, "ONE"}, {second, "OTHER"}})) == "none");
}

TEST_CASE("the trial of a study: by AE title, by register, else the only one") {
  const TemporaryFolder folder;
  std::string other = with_delivery();
  other.replace(other.find("ONC-301"), 7, "ONC-302");
  other.replace(other.find("subjects.csv"), 12, "empty.csv");
  folder.write("empty.csv", "site,patient_id,subject_id,first_dose\nSITE02,P-1,S-1,2026-07-15\n");
  const auto first = write_sample_trial(folder, with_delivery());
  const auto second = folder.write("other.yaml", other);
  const auto both = book_of(node_with({{first, {}}, {second, "OTHER"}}))->current();
  CHECK(trial_of(*both, "OTHER", "SITE01", "", "HOSP-77")->protocol_id == "ONC-302");
  CHECK(trial_of(*both, "TRIALGATE", "SITE01", "", "HOSP-77")->protocol_id == "ONC-301");
  CHECK(trial_of(*both, "TRIALGATE", "SITE02", "", "P-1")->protocol_id == "ONC-302");
  CHECK(trial_of(*both, "TRIALGATE", "SITE01", "", "NOBODY") == nullptr);
  const auto alone = book_of(node_with({{first, {}}}))->current();
  CHECK(trial_of(*alone, "TRIALGATE", "SITE01", "", "NOBODY")->protocol_id == "ONC-301");
}
