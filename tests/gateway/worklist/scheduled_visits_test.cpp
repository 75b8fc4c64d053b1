#include "gateway/worklist/scheduled_visits.h"

#include "rules/trial/load.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace trialgate;
using namespace trialgate::gateway;
using std::chrono::days;

namespace {

constexpr std::string_view trial_yaml = R"(trial:
  protocol_id: LYM-9
  name: A trial
  sponsor: Example
  charter: {version: "1.0"}
subjects: {register: subjects.csv}
time_points:
  reference: first_dose
  schedule:
    - {id: BL, days: [-28, 0]}
    - {id: W06, day: 42, window: [-7, 7]}
    - {id: "W{06+6n}", every: 42, from: 84, window: [-7, 7]}
series:
  - id: ct
    name: {en: CT thorax, zh: 胸部CT}
    select: {Modality: CT}
    required_at: all
  - id: pet
    name: {en: FDG PET, zh: PET}
    select: {any: [{Modality: PT}]}
    required_at: [W06]
  - id: extra
    name: {en: Bone, zh: 骨}
    select: {Modality: NM}
    required_at: none
deidentify: {profile: basic}
)";

rules::Trial trial() {
  auto loaded =
      rules::load_trial_text(trial_yaml, "t.yaml", [](const std::string&) -> rules::Result<std::string> {
        return std::string(
            "site,issuer,patient_id,subject_id,first_dose\n"
            "S1,,P1,T1,2026-03-02\nS1,HOSP,P2,T2,2026-03-05\nS2,,P3,T3,2026-03-02\nS1,,P4,T4,\n");
      });
  if (const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded))
    FAIL(errors->front().to_string());
  return std::get<rules::Trial>(std::move(loaded));
}

rules::Identity identity(std::uint8_t with = 7) {
  return rules::Identity::create(std::vector<std::uint8_t>(32, with)).value();
}

constexpr rules::Date first_dose = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

std::vector<ScheduledVisit> listed(
    int day, const WorklistConfig& config = {"MWL", 0, 0},
    const IsClosed& is_closed = [](const auto&, auto) { return false; }) {
  return scheduled_visits(trial(), "S1", first_dose + days(day), config, identity(), is_closed);
}

std::vector<std::string> in_short(const std::vector<ScheduledVisit>& visits) {
  std::vector<std::string> all;
  for (const auto& visit : visits)
    all.push_back(visit.subject_id + ' ' + visit.time_point + ' ' + visit.modality);
  return all;
}

}  // namespace

TEST_CASE("the list holds the visits whose window is open, a step for each modality that the charter wants") {
  CHECK(in_short(listed(-30)).empty());
  CHECK(in_short(listed(-28)) == std::vector<std::string>{"T1 BL CT"});
  CHECK(in_short(listed(42)) == std::vector<std::string>{"T1 W06 CT", "T1 W06 PT", "T2 W06 CT", "T2 W06 PT"});
  CHECK(in_short(listed(50)) == std::vector<std::string>{"T2 W06 CT", "T2 W06 PT"});
  CHECK(in_short(listed(84)) == std::vector<std::string>{"T1 W12 CT", "T2 W12 CT"});
  const ScheduledVisit visit = listed(42)[3];
  CHECK(visit.patient_id == "P2");
  CHECK(visit.issuer == "HOSP");
  CHECK(visit.series == "FDG PET");
  CHECK(visit.first_day == first_dose + days(3 + 35));
  CHECK(visit.last_day == first_dose + days(3 + 49));
}

TEST_CASE("visits are listed some days before and after their window, when the node file says so") {
  CHECK(in_short(listed(30)).empty());
  CHECK(in_short(listed(30, {"MWL", 5, 0})) == std::vector<std::string>{"T1 W06 CT", "T1 W06 PT"});
  CHECK(in_short(listed(54, {"MWL", 0, 5})).size() == 4);
  CHECK(listed(54, {"MWL", 0, 1}).empty());
}

TEST_CASE("UIDs and IDs are the same for the same visit and key, and for no other") {
  const auto first = listed(42);
  const auto again = listed(45);
  REQUIRE(first.size() == again.size());
  CHECK(first[0].study_uid == again[0].study_uid);
  CHECK(first[0].study_uid == first[1].study_uid);
  CHECK(first[0].visit_id == first[1].visit_id);
  CHECK(first[0].step_id != first[1].step_id);
  CHECK(first[0].study_uid != first[2].study_uid);
  CHECK(first[0].study_uid != listed(84)[0].study_uid);
  CHECK(first[0].step_id.size() == 16);
  const auto other = scheduled_visits(trial(), "S1", first_dose + days(42), {"MWL", 0, 0}, identity(8),
                                      [](const auto&, auto) { return false; });
  CHECK(first[0].study_uid != other[0].study_uid);
}

TEST_CASE("what is closed for a subject is not listed; another site has its own subjects") {
  const IsClosed closed = [](const rules::Subject& subject, std::string_view time_point) {
    return subject.subject_id == "T1" && time_point == "W06";
  };
  CHECK(in_short(listed(42, {"MWL", 0, 0}, closed)) == std::vector<std::string>{"T2 W06 CT", "T2 W06 PT"});
  const auto other = scheduled_visits(trial(), "S2", first_dose + days(84), {"MWL", 0, 0}, identity(),
                                      [](const auto&, auto) { return false; });
  CHECK(in_short(other) == std::vector<std::string>{"T3 W12 CT"});
}
