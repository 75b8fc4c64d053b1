#include "gateway/worker/instance_replies.h"

#include "gateway/catalogue/attributes.h"

#include <doctest/doctest.h>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

rules::Deidentified derived() {
  rules::Deidentified instance;
  instance.prefix = {1, 2, 3};
  instance.pixel_offset = 100;
  instance.pixel_length = 50;
  instance.suffix = {4};
  instance.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  instance.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
  instance.sop_instance_uid = "2.25.1";
  instance.study_uid = "2.25.2";
  instance.series_uid = "2.25.3";
  instance.source_sop_instance_uid = "1.2.3";
  instance.source_study_uid = "1.2";
  instance.source_series_uid = "1.2.1";
  instance.report.tables_edition = "PS3.15 2026d";
  return instance;
}

JobReply reply() {
  WorkerReply sent = deidentify_reply(derived(), std::string(64, 'a'), encode(InstanceAttributes()));
  return {std::move(sent.header), std::move(sent.body)};
}

DeidentifyOutcome outcome_of(JobOutcome reply, std::uint64_t file_bytes) {
  PixelSpool spool("/tmp", 120);
  return deidentify_outcome(std::move(reply), file_bytes, spool);
}

bool is_bad(JobReply reply) {
  const auto outcome = outcome_of(std::move(reply), 150);
  const auto* failure = std::get_if<WorkerFailure>(&outcome);
  return failure != nullptr && failure->kind == WorkerFailure::Kind::bad_reply;
}

}  // namespace

TEST_CASE("an honest answer arrives as it was given") {
  const auto outcome = outcome_of(reply(), 150);
  REQUIRE(std::holds_alternative<DeidentifiedInstance>(outcome));
  const auto& instance = std::get<DeidentifiedInstance>(outcome).instance;
  CHECK(instance.prefix == std::vector<std::uint8_t>{1, 2, 3});
  CHECK(instance.suffix == std::vector<std::uint8_t>{4});
  CHECK(instance.pixel_offset == 100);
  CHECK(instance.sop_instance_uid == "2.25.1");
  CHECK(instance.report == derived().report);
}

TEST_CASE("every member that is missing or of another kind makes an answer bad") {
  const JobReply good = reply();
  for (const auto& member : good.header) {
    const std::string name(member.key());
    CAPTURE(name);
    JobReply missing = good;
    missing.header.erase(name);
    CHECK(is_bad(missing));
    JobReply other = good;
    other.header[name] = boost::json::array{};
    CHECK(is_bad(other));
  }
}

TEST_CASE("ranges outside of the source file and lengths that do not add up are not believed") {
  const auto changed = [](std::string_view name, boost::json::value value) {
    JobReply result = reply();
    result.header[name] = std::move(value);
    return result;
  };
  constexpr std::uint64_t huge = ~0ULL;
  CHECK(is_bad(changed("pixel_offset", 101)));
  CHECK(is_bad(changed("pixel_offset", huge)));
  CHECK(is_bad(changed("pixel_length", 51)));
  CHECK(is_bad(changed("pixel_length", huge)));
  CHECK(is_bad(changed("pixel_length", -1)));
  CHECK(is_bad(changed("prefix_bytes", 4)));
  CHECK(is_bad(changed("prefix_bytes", huge)));
  CHECK(is_bad(changed("suffix_bytes", 0)));  // its byte would be the first of the attributes
  CHECK(is_bad(changed("suffix_bytes", huge)));
  CHECK(is_bad(changed("sop_instance_uid", "../../etc/passwd")));
  CHECK(is_bad(changed("sop_instance_uid", "")));
  CHECK(is_bad(changed("data_set_digest", "zz")));
}

TEST_CASE("new pixels are as many as came in parts, or they are not believed") {
  PixelSpool spool("/tmp", 120);
  const std::vector<std::uint8_t> part(50, 7);
  REQUIRE(spool.take(part) == PartSink::Taken::yes);
  JobReply honest = reply();
  honest.header["new_pixels"] = true;
  honest.header["pixel_offset"] = 0;
  CHECK(is_bad(honest));  // nothing came
  auto outcome = deidentify_outcome(honest, 10, spool);
  REQUIRE(std::holds_alternative<DeidentifiedInstance>(outcome));
  CHECK(std::get<DeidentifiedInstance>(outcome).new_pixels);
  REQUIRE(spool.take(part) == PartSink::Taken::yes);
  CHECK(std::holds_alternative<WorkerFailure>(deidentify_outcome(honest, 150, spool)));
  CHECK(spool.take(part) == PartSink::Taken::too_much);
  spool.begin();
  CHECK(spool.take(part) == PartSink::Taken::yes);
  CHECK(spool.size_bytes() == part.size());
  PixelSpool nowhere("/nonexistent", 120);
  CHECK(nowhere.take(part) == PartSink::Taken::no_room);
}

TEST_CASE("an error is unreadable, and its text cannot break a log line") {
  JobReply failed;
  failed.header["error"] = "line\nbreak " + std::string(10'000, 'x');
  const auto outcome = examine_outcome(failed);
  REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
  const auto& failure = std::get<WorkerFailure>(outcome);
  CHECK(failure.kind == WorkerFailure::Kind::unreadable);
  CHECK(failure.reason.starts_with("line?break"));
  CHECK(failure.reason.size() <= 300);
}

TEST_CASE("a record that is none, and a hold without a cause, are bad answers") {
  for (const boost::json::object& header : {boost::json::object{}, boost::json::object{{"record", 1}},
                                            boost::json::object{{"record", boost::json::object{}}}}) {
    const auto outcome = examine_outcome(JobReply{header, {}});
    REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
    CHECK(std::get<WorkerFailure>(outcome).kind == WorkerFailure::Kind::bad_reply);
  }
  CHECK(is_bad(JobReply{{{"held", 3}}, {}}));
  CHECK(is_bad(JobReply{{{"held", rules::to_json(rules::Held{})}}, {}}));
}

TEST_CASE("a failure of the pool stays what it was") {
  const auto outcome = outcome_of(WorkerFailure{WorkerFailure::Kind::timed_out, 0, "slow"}, 1);
  REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
  CHECK(std::get<WorkerFailure>(outcome).kind == WorkerFailure::Kind::timed_out);
}
