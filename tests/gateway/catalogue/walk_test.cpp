#include "gateway/catalogue/walk.h"

#include "gateway/catalogue/recorder.h"
#include "gateway/catalogue/response.h"
#include "gateway/catalogue/shown_instances.h"
#include "gateway/catalogue/visibility.h"
#include "tests/gateway/catalogue/identifiers.h"
#include "tests/gateway/support/test_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace trialgate;
using namespace trialgate::gateway;
using test::TextElement;
namespace tag = trialgate::gateway::test::tag;

namespace {

using storage::SubmissionState;

constexpr const char* ct_class = "1.2.840.10008.5.1.4.1.1.2";
const storage::Shelf received{storage::ShelfKind::received, {}};
const storage::Shelf derived{storage::ShelfKind::derived, {}};
const View quarantine{"QUAR", ViewKind::quarantine, {}, {"CRO"}, {}, {}};
const View released{"CLEAN", ViewKind::released, {}, {"CRO"}, {}, {}};
const View reader{"READER", ViewKind::delivered, "reader-1", {"R"}, {}, {}};

struct Patient {
  std::string id;
  std::string name;
};

/// A store with a few studies, and queries of it.
class Fixture {
 public:
  /// A submission with series of `instances` instances each.
  void add(const storage::Shelf& shelf, std::uint64_t id, const std::string& site, const Patient& patient,
           const std::string& date, const std::vector<std::string>& modalities, int instances = 2,
           SubmissionState state = SubmissionState::quarantined) {
    std::vector<CataloguedInstance> rows;
    const std::string study_uid = "1.2." + std::to_string(id);
    for (std::size_t series = 0; series < modalities.size(); ++series) {
      const std::string series_uid = study_uid + '.' + std::to_string(series + 1);
      for (int i = 1; i <= instances; ++i) {
        const std::string uid = series_uid + '.' + std::to_string(i);
        const auto read =
            read_instance_attributes(test::data_set_of({{tag::patient_id, patient.id},
                                                        {tag::patient_name, patient.name},
                                                        {tag::study_date, date},
                                                        {tag::study_time, "101500"},
                                                        {tag::accession_number, "A" + std::to_string(id)},
                                                        {tag::modality, modalities[series]},
                                                        {tag::series_number, std::to_string(series + 1)},
                                                        {tag::sop_class, ct_class},
                                                        {tag::instance_number, std::to_string(i)}}));
        rows.push_back({id, study_uid, series_uid, uid, encode(read)});
      }
    }
    store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
      storage::SubmissionRow row;
      row.id = id;
      row.site = site;
      row.study_uid = study_uid;
      row.state = state;
      if (auto put = transaction.index().put_submission(row); !put) return put;
      return catalogue_instances(transaction.catalogue(), shelf, rows);
    });
  }

  void enter(std::uint64_t id, SubmissionState state) {
    auto row = store_.submission(id);
    row.state = state;
    store_.put(row);
  }

  Query query(const std::vector<TextElement>& elements, bool relational = false,
              QueryModel model = QueryModel::study_root, bool combined = false) {
    const auto identifier = test::identifier_of(elements);
    auto outcome = read_query({model, test::explicit_little, relational, combined, identifier});
    if (const auto* const refusal = std::get_if<Refusal>(&outcome)) FAIL(refusal->comment);
    return std::get<Query>(std::move(outcome));
  }

  std::vector<Match> walk(const View& view, const Query& query, std::size_t limit = 3) {
    Walk walk(view, query);
    std::vector<Match> all;
    while (!walk.is_finished()) {
      const auto read =
          store_->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
            auto found = walk.step(transaction, limit);
            if (!found) return found.error();
            CHECK(found->size() <= limit);
            all.insert(all.end(), found->begin(), found->end());
            return {};
          });
      if (!read) FAIL(read.error().message());
    }
    return all;
  }

  /// The submissions of the studies that match.
  std::vector<std::uint64_t> studies(const View& view, std::vector<TextElement> elements,
                                     bool relational = false) {
    elements.push_back({tag::level, "STUDY"});
    std::vector<std::uint64_t> found;
    for (const Match& match : walk(view, query(elements, relational)))
      found.push_back(match.study.submission);
    std::ranges::sort(found);
    return found;
  }

  test::TestStore& store() { return store_; }

 private:
  test::TestStore store_;
};

using Found = std::vector<std::uint64_t>;

struct ThreeStudies : Fixture {
  ThreeStudies() {
    add(received, 1, "SITE01", {"P1", "Li^Lei=李^雷"}, "20260101", {"CT", "SR"});
    add(received, 2, "SITE01", {"P1", "Li^Lei=李^雷"}, "20260201", {"MR"});
    add(received, 3, "SITE02", {"P1", "Wang^Fang=王^芳"}, "20260301", {"CT"}, 5);
  }
};

}  // namespace

TEST_CASE("studies are found by every key that has an index, and by those that have none") {
  ThreeStudies node;
  CHECK(node.studies(quarantine, {}) == Found{1, 2, 3});
  CHECK(node.studies(quarantine, {{tag::patient_id, "P1"}}) == Found{1, 2, 3});
  CHECK(node.studies(quarantine, {{tag::patient_id, "P*"}}) == Found{1, 2, 3});
  CHECK(node.studies(quarantine, {{tag::patient_id, "P"}}).empty());
  CHECK(node.studies(quarantine, {{tag::study_uid, "1.2.3\\1.2.1\\9"}}) == Found{1, 3});
  CHECK(node.studies(quarantine, {{tag::accession_number, "A2"}}) == Found{2});
  CHECK(node.studies(quarantine, {{tag::accession_number, "?2"}}) == Found{2});
  CHECK(node.studies(quarantine, {{tag::study_date, "20260115-20260301"}}) == Found{2, 3});
  CHECK(node.studies(quarantine, {{tag::study_date, "-20260201"}}) == Found{1, 2});
  CHECK(node.studies(quarantine, {{tag::study_date, "20260301-"}}) == Found{3});
  CHECK(node.studies(quarantine, {{tag::modalities_in_study, "CT"}}) == Found{1, 3});
  CHECK(node.studies(quarantine, {{tag::patient_id, "P1"}, {tag::study_date, "20260201"}}) == Found{2});
}

TEST_CASE("a study whose names all match is found once") {
  ThreeStudies node;
  CHECK(node.studies(quarantine, {{tag::patient_name, "LI^LEI"}}) == Found{1, 2});
  CHECK(node.studies(quarantine, {{tag::patient_name, "li*"}}) == Found{1, 2});
  CHECK(node.studies(quarantine, {{tag::patient_name, "王*"}}) == Found{3});
  CHECK(node.studies(quarantine, {{tag::patient_name, "=李*"}}) == Found{1, 2});
  node.add(received, 4, "SITE01", {"P4", "An^Na=An^Ni=An^Nu"}, "20260401", {"CT"});
  CHECK(node.studies(quarantine, {{tag::patient_name, "An*"}}) == Found{4});
}

TEST_CASE("series and instances are found within their study, across steps") {
  ThreeStudies node;
  const auto series = node.walk(
      quarantine, node.query({{tag::level, "SERIES"}, {tag::study_uid, "1.2.1"}, {tag::modality, ""}}));
  REQUIRE(series.size() == 2);
  CHECK(series[0].series->series_uid == "1.2.1.1");
  CHECK(series[0].series->instance_count == 2);
  const auto images = node.walk(quarantine, node.query({{tag::level, "IMAGE"},
                                                        {tag::study_uid, "1.2.3"},
                                                        {tag::series_uid, "1.2.3.1"},
                                                        {tag::instance_number, ""}}));
  REQUIRE(images.size() == 5);
  CHECK(images[4].instance->sop_instance_uid == "1.2.3.1.5");
  const auto one = node.walk(quarantine, node.query({{tag::level, "IMAGE"},
                                                     {tag::study_uid, "1.2.3"},
                                                     {tag::series_uid, "1.2.3.1"},
                                                     {tag::instance_number, "3"}}));
  REQUIRE(one.size() == 1);
  CHECK(one[0].instance->sop_instance_uid == "1.2.3.1.3");
}

TEST_CASE("PS3.4 C.4.1.2.2: a relational query has keys of any level") {
  ThreeStudies node;
  CHECK(node.studies(quarantine, {{tag::modality, "SR"}}, true) == Found{1});
  CHECK(node.studies(quarantine, {{tag::instance_number, "5"}}, true) == Found{3});
  CHECK(node.studies(quarantine, {{tag::series_uid, "1.2.2.1"}}, true) == Found{2});
  CHECK(node.studies(quarantine, {{tag::series_uid, "1.2.1.1\\1.2.1.2"}}, true) == Found{1});
  const auto images = node.walk(
      quarantine, node.query({{tag::level, "IMAGE"}, {tag::modality, "CT"}, {tag::study_uid, ""}}, true));
  CHECK(images.size() == 7);
  const auto series = node.walk(quarantine, node.query({{tag::level, "SERIES"}}, true));
  CHECK(series.size() == 4);
}

TEST_CASE("patients are told apart by site as long as they are not de-identified") {
  ThreeStudies node;
  const auto ask = [&](const View& view) {
    return node.walk(view, node.query({{tag::level, "PATIENT"},
                                       {tag::patient_id, "P1"},
                                       {rules::Tag(0x0020, 0x1200), ""},
                                       {rules::Tag(0x0020, 0x1204), ""}},
                                      false, QueryModel::patient_root));
  };
  const auto patients = ask(quarantine);
  REQUIRE(patients.size() == 2);
  CHECK(patients[0].patient->studies == 2);
  CHECK(patients[0].patient->instances == 6);
  CHECK(patients[1].patient->studies == 1);
  View of_site = quarantine;
  of_site.sites = {"SITE02"};
  REQUIRE(ask(of_site).size() == 1);
  CHECK(ask(of_site)[0].patient->studies == 1);
  node.add(derived, 4, "SITE01", {"S-1", "S-1"}, "20260101", {"CT"}, 1, SubmissionState::confirmed);
  node.add(derived, 5, "SITE02", {"S-1", "S-1"}, "20260101", {"CT"}, 1, SubmissionState::confirmed);
  CHECK(node.walk(released, node.query({{tag::level, "PATIENT"}}, false, QueryModel::patient_root)).size() ==
        1);
}

TEST_CASE("what a view does not show is not there at any level, nor in a count") {
  ThreeStudies node;
  View of_site = quarantine;
  of_site.sites = {"SITE01"};
  CHECK(node.studies(of_site, {}) == Found{1, 2});
  CHECK(node.studies(of_site, {{tag::study_uid, "1.2.3"}}).empty());
  CHECK(node.walk(of_site, node.query({{tag::level, "IMAGE"}, {tag::sop_instance, "1.2.3.1.1"}}, true))
            .empty());
  CHECK(node.studies(released, {}).empty());
  CHECK(node.studies(reader, {}).empty());
  for (const auto state :
       {SubmissionState::released, SubmissionState::deidentified, SubmissionState::delivering,
        SubmissionState::confirmed, SubmissionState::withdrawn}) {
    node.enter(3, state);
    CHECK(node.studies(quarantine, {}) == Found{1, 2});
  }
  node.add(derived, 4, "SITE01", {"S-1", "S-1"}, "20260101", {"CT"}, 1, SubmissionState::deidentified);
  CHECK(node.studies(released, {}) == Found{4});
  for (const auto state : {SubmissionState::receiving, SubmissionState::quarantined,
                           SubmissionState::released, SubmissionState::withdrawn}) {
    node.enter(4, state);
    CHECK(node.studies(released, {}).empty());
  }
}

TEST_CASE("a study that is withdrawn between two steps is not shown by the second") {
  Fixture node;
  node.add(received, 1, "SITE01", {"P1", "A"}, "20260101", {"CT"}, 10);
  const Query query =
      node.query({{tag::level, "IMAGE"}, {tag::study_uid, "1.2.1"}, {tag::series_uid, "1.2.1.1"}});
  Walk walk(quarantine, query);
  const auto step = [&] {
    std::size_t found = 0;
    const auto read =
        node.store()->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
          auto matches = walk.step(transaction, 4);
          if (!matches) return matches.error();
          found = matches->size();
          return {};
        });
    REQUIRE(read.has_value());
    return found;
  };
  CHECK(step() == 4);
  node.enter(1, SubmissionState::withdrawn);
  CHECK(step() == 0);
  CHECK(walk.is_finished());
}

TEST_CASE("PS3.4 C.2.2.2.5.4: date and time as one range") {
  ThreeStudies node;
  const auto found = [&](const char* date, const char* time) {
    return node
        .walk(quarantine,
              node.query({{tag::level, "STUDY"}, {tag::study_date, date}, {tag::study_time, time}}, false,
                         QueryModel::study_root, true))
        .size();
  };
  CHECK(found("20260101-20260201", "1200-1100") == 1);  // the second: all day but after noon of the first
  CHECK(found("20260101-20260201", "1000-1000") == 1);
  CHECK(found("20260101-20260201", "1000-1100") == 2);
}

TEST_CASE("a query of everything goes through in bounded steps") {
  Fixture node;
  for (std::uint64_t id = 1; id <= 300; ++id) {
    node.add(received, id, "SITE01", {"P" + std::to_string(id % 7), "A^" + std::to_string(id)}, "20260101",
             {"CT"}, 1);
  }
  CHECK(node.studies(quarantine, {{tag::patient_name, "*"}}).size() == 300);
  CHECK(node.studies(quarantine, {{tag::patient_name, "a^*"}}).size() == 300);
  CHECK(node.studies(quarantine, {{tag::study_date, "20250101-"}}).size() == 300);
  std::string list;
  for (int i = 1; i <= 10'000; ++i) list += (i == 1 ? "1.2." : "\\1.2.") + std::to_string(i);
  Query query = node.query({{tag::level, "STUDY"}});
  query.keys.push_back(*MatchingKey::make(*catalogue_attribute(tag::study_uid), list));
  CHECK(node.walk(quarantine, query, 64).size() == 300);
  CHECK(
      node.walk(quarantine, node.query({{tag::level, "PATIENT"}}, false, QueryModel::patient_root)).size() ==
      7);
}

TEST_CASE("instances that come twice are counted once, and a study grows") {
  Fixture node;
  node.add(received, 1, "SITE01", {"P1", "A"}, "20260101", {"CT"}, 2);
  node.add(received, 1, "SITE01", {"P1", "A"}, "20260101", {"CT", "MR"}, 3);
  const auto found = node.walk(quarantine, node.query({{tag::level, "STUDY"}}));
  REQUIRE(found.size() == 1);
  CHECK(found[0].study.series_count == 2);
  CHECK(found[0].study.instance_count == 6);
  CHECK(find_value(found[0].study.attributes, tag::modalities_in_study) == "CT\\MR");
}

TEST_CASE("a response has every key asked for, in the request's character set if that can carry it") {
  ThreeStudies node;
  const auto respond = [&](const char* character_set) {
    const auto identifier = test::identifier_of({{tag::level, "STUDY"},
                                                 {tag::study_uid, "1.2.1"},
                                                 {tag::patient_name, ""},
                                                 {tag::modalities_in_study, ""},
                                                 {rules::Tag(0x0020, 0x1208), ""},
                                                 {rules::Tag(0x0008, 0x0056), ""},
                                                 {tag::procedure_codes, "", {{tag::code_value, ""}}},
                                                 {tag::study_description, ""},
                                                 {rules::Tag(0x0008, 0x1048), ""}},
                                                character_set);
    auto query = std::get<Query>(
        read_query({QueryModel::study_root, test::explicit_little, false, false, identifier}));
    const auto matches = node.walk(quarantine, query);
    REQUIRE(matches.size() == 1);
    return response_identifier(query, matches[0], "QUAR", test::explicit_little).value();
  };
  for (const auto& [asked, answered] : {std::pair{"GB18030", "GB18030"},
                                        {"ISO_IR 192", "ISO_IR 192"},
                                        {"\\ISO 2022 IR 58", "\\ISO 2022 IR 58"},
                                        {"ISO_IR 100", "ISO_IR 192"},
                                        {"", "ISO_IR 192"}}) {
    CAPTURE(asked);
    const auto bytes = respond(asked);
    const auto parsed = rules::parse(bytes, *rules::find_transfer_syntax(test::explicit_little)).value();
    const auto text = [&](rules::Tag wanted) { return std::string(parsed.elements.find(wanted)->text()); };
    CHECK(text(rules::tags::specific_character_set) == answered);
    const auto characters = rules::CharacterSet::parse(answered).value();
    CHECK(characters.decode(parsed.elements.find(tag::patient_name)->value(), rules::Vr::pn)
              ->starts_with("Li^Lei=李^雷"));
    CHECK(text(tag::modalities_in_study) == "CT\\SR");
    CHECK(text(rules::Tag(0x0020, 0x1208)) == "4");
    CHECK(text(rules::Tag(0x0008, 0x0056)) == "ONLINE");
    CHECK(text(rules::Tag(0x0008, 0x0054)) == "QUAR");
    CHECK(text(tag::level) == "STUDY");
    CHECK(text(tag::study_description).empty());
    CHECK(text(rules::Tag(0x0008, 0x1048)).empty());
    CHECK(parsed.elements.find(tag::procedure_codes)->is_sequence());
  }
}

TEST_CASE("what a destination has taken is on its shelf, until it turns out not to have it") {
  Fixture node;
  node.add(derived, 1, "SITE01", {"S-1", "S-1"}, "20260101", {"CT", "MR"}, 1, SubmissionState::delivering);
  const auto delivery = [](const std::string& uid) {
    storage::DeliveryRow row;
    row.submission = 1;
    row.destination = "reader-1";
    row.sop_instance_uid = uid;
    return row;
  };
  node.store().commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    for (const char* series : {"1.2.1.1", "1.2.1.2"}) {
      storage::DerivedRow row;
      row.submission = 1;
      row.version = 1;
      row.series_uid = series;
      row.study_uid = "1.2.1";
      row.sop_class_uid = ct_class;
      row.sop_instance_uid = std::string(series) + ".1";
      row.transfer_syntax_uid = test::explicit_little;
      row.data_set = {{storage::Digest(), 5, 7}};
      row.data_set_bytes = 7;
      if (auto put = transaction.index().put_derived(row); !put) return put;
    }
    return catalogue_delivered(transaction, delivery("1.2.1.1.1"));
  });
  const auto shown = [&](const View& view) {
    const auto identifier = test::identifier_of({{tag::level, "STUDY"}, {tag::study_uid, "1.2.1"}});
    auto asked = ShownInstances::ask(
        *node.store(), view, {QueryModel::study_root, test::explicit_little, false, false, identifier});
    REQUIRE(std::holds_alternative<ShownInstances>(asked));
    std::vector<ShownInstance> all;
    for (;;) {
      auto next = std::get<ShownInstances>(asked).next(1);
      REQUIRE(next.has_value());
      if (next->empty()) return all;
      all.insert(all.end(), next->begin(), next->end());
    }
  };
  CHECK(shown(released).size() == 2);
  REQUIRE(shown(reader).size() == 1);
  CHECK(shown(reader)[0].sop_instance_uid == "1.2.1.1.1");
  CHECK(shown(reader)[0].data_set == std::vector<storage::Extent>{{storage::Digest(), 5, 7}});
  const auto found = node.walk(reader, node.query({{tag::level, "STUDY"}}));
  REQUIRE(found.size() == 1);
  CHECK(found[0].study.instance_count == 1);
  CHECK(find_value(found[0].study.attributes, tag::modalities_in_study) == "CT");
  View other = reader;
  other.destination = "reader-2";
  CHECK(shown(other).empty());
  node.enter(1, SubmissionState::receiving);
  CHECK(shown(reader).size() == 1);
  node.enter(1, SubmissionState::withdrawn);
  CHECK(shown(reader).empty());
  node.enter(1, SubmissionState::delivering);
  node.store().commit([&](storage::Transaction& transaction) {
    return uncatalogue_delivered(transaction, delivery("1.2.1.1.1"));
  });
  CHECK(shown(reader).empty());
  CHECK(node.studies(reader, {}).empty());
}
