#include "rules/trial/subject_register.h"

#include "rules/trial/scanner_register.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::rules;

namespace {

SubjectRegister read(std::string_view text) {
  auto parsed = SubjectRegister::parse_csv(text, "register.csv");
  if (const auto* const errors = std::get_if<std::vector<ConfigError>>(&parsed))
    FAIL(errors->front().to_string());
  return std::get<SubjectRegister>(std::move(parsed));
}

struct Mistake {
  std::string_view text;
  std::size_t line;
  std::size_t column;
  std::string_view message;  // part of it
};

}  // namespace

TEST_CASE("a register is found by site, issuer and patient ID") {
  const auto subjects = read(
      "site,issuer,patient_id,subject_id,first_dose\n"
      "S1,,P1,T-1,2026-03-02\n"
      "S2,,P1,T-2,\n"
      "S1,HOSP-A,P2,T-3,2026-03-02\n"
      "S1,HOSP-B,P2,T-4,2026-03-02\n"
      "S1,HOSP-A,P3,T-5,2026-03-02\n");
  CHECK(subjects.subjects().size() == 5);
  CHECK(subjects.date_names() == std::vector<std::string>{"first_dose"});
  REQUIRE(subjects.find("S1", "", "P1") != nullptr);
  CHECK(subjects.find("S1", "", "P1")->subject_id == "T-1");
  CHECK(subjects.find("S2", "ANY", "P1")->subject_id == "T-2");
  CHECK(subjects.find("S2", "", "P1")->dates.empty());
  CHECK(subjects.find("S1", "HOSP-B", "P2")->subject_id == "T-4");
  CHECK(subjects.find("S1", "HOSP-C", "P2") == nullptr);
  CHECK_MESSAGE(subjects.find("S1", "", "P2") == nullptr, "two rows could be meant");
  CHECK(subjects.find("S1", "", "P3")->subject_id == "T-5");
  CHECK(subjects.find("S3", "", "P1") == nullptr);
  CHECK_MESSAGE(subjects.find("S1", " ", " P1 ") != nullptr, "padding of LO values does not count");
  CHECK(subjects.has_site("S2"));
  CHECK_FALSE(subjects.has_site("S3"));
}

TEST_CASE("RFC 4180: quotes, CRLF, byte order mark, line breaks in fields, blank lines and comments") {
  const auto subjects = read(
      "\xEF\xBB\xBFsite,patient_id,subject_id,first_dose\r\n"
      "# who is who\r\n"
      "\"S,1\",\"P \"\"x\"\"\",\"T\n1\",2026-03-02\r\n"
      "\r\n"
      "S2,P2,T2,2026-03-03");
  REQUIRE(subjects.subjects().size() == 2);
  CHECK(subjects.subjects()[0].site == "S,1");
  CHECK(subjects.subjects()[0].patient_id == "P \"x\"");
  CHECK(subjects.subjects()[0].subject_id == "T\n1");
  CHECK(subjects.subjects()[1].subject_id == "T2");
  CHECK(subjects.sha256().size() == 64);
}

TEST_CASE("mistakes of a register are named with line and column, never with patient data") {
  const Mistake mistakes[] = {
      {"", 1, 1, "empty register"},
      {"site,patient_id\nS,P\n", 1, 1, "'subject_id' is missing"},
      {"site,patient_id,subject_id,First Dose\n", 1, 28, "not the name of a reference date"},
      {"site,patient_id,subject_id,site\n", 1, 28, "there twice"},
      {"site,patient_id,subject_id\nS,P\n", 2, 1, "2 fields; expected 3"},
      {"site,patient_id,subject_id\nS,,T\n", 2, 3, "empty patient_id"},
      {"site,patient_id,subject_id\nS,SECRET,T\nS,SECRET,U\n", 3, 3, "in line 2 already"},
      {"site,patient_id,subject_id\nS,SECRET,T\nR,P2,T\n", 3, 6, "another site, group or date"},
      {"site,patient_id,subject_id,first_dose\nS,SECRET,T,2026-02-30\n", 2, 12, "expected YYYY-MM-DD"},
      {"site,patient_id,subject_id,first_dose\nS,SECRET,T,2.3.2026\n", 2, 12, "expected YYYY-MM-DD"},
      {"site,patient_id,subject_id\nS,\"SECRET,T\n", 2, 3, "never closed"},
      {"site,patient_id,subject_id\nS,SE\"CRET,T\n", 2, 5, "double quote inside"},
      {"site,patient_id,subject_id\nS,\"SECRET\"x,T\n", 2, 11, "after a closing quote"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.text);
    const auto parsed = SubjectRegister::parse_csv(mistake.text, "register.csv");
    const auto* const errors = std::get_if<std::vector<ConfigError>>(&parsed);
    REQUIRE(errors != nullptr);
    const ConfigError& error = errors->front();
    CHECK(error.line == mistake.line);
    CHECK(error.column == mistake.column);
    CHECK_MESSAGE(error.message.find(mistake.message) != std::string::npos, error.message);
    CHECK(error.to_string().find("SECRET") == std::string::npos);
    CHECK(error.to_string().starts_with("register.csv:"));
  }
}

TEST_CASE("one subject may have two patient IDs at a site, with the same dates") {
  const auto subjects =
      read("site,patient_id,subject_id,first_dose\nS,OLD,T,2026-03-02\nS,NEW,T,2026-03-02\n");
  CHECK(subjects.find("S", "", "OLD")->subject_id == subjects.find("S", "", "NEW")->subject_id);
}

TEST_CASE("a register of scanners is read, and its mistakes have places") {
  const auto parsed = parse_scanner_register(
      "site,manufacturer,model,serial,qualified_from,qualified_until\n"
      "S1,SIEMENS,Definition,123,2026-01-01,2026-12-31\nS2,GE,Revolution,,,\n",
      "scanners.csv");
  const auto& scanners = std::get<std::vector<QualifiedScanner>>(parsed);
  REQUIRE(scanners.size() == 2);
  CHECK(scanners[0].serial == "123");
  CHECK(scanners[0].qualified_until == parse_iso_date("2026-12-31"));
  CHECK_FALSE(scanners[1].qualified_from.has_value());

  const Mistake mistakes[] = {
      {"site,model\n", 1, 1, "'manufacturer' is missing"},
      {"site,manufacturer,model,age\n", 1, 25, "unknown column 'age'"},
      {"site,manufacturer,model\nS,GE,\n", 2, 6, "empty model"},
      {"site,manufacturer,model,qualified_from\nS,GE,M,soon\n", 2, 8, "not a date"},
      {"site,manufacturer,model,qualified_from,qualified_until\nS,GE,M,2026-02-01,2026-01-01\n", 2, 19,
       "before"},
      {"site,manufacturer,model\nS,GE,M\nS,GE,M\n", 3, 1, "there already"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.text);
    const auto wrong = parse_scanner_register(mistake.text, "scanners.csv");
    const auto* const errors = std::get_if<std::vector<ConfigError>>(&wrong);
    REQUIRE(errors != nullptr);
    CHECK(errors->front().line == mistake.line);
    CHECK(errors->front().column == mistake.column);
    CHECK_MESSAGE(errors->front().message.find(mistake.message) != std::string::npos,
                  errors->front().message);
  }
}
