#include "storage/index.h"

#include "tests/storage/support.h"

#include <doctest/doctest.h>

using namespace trialgate::storage;
using trialgate::storage::testing::at;
using trialgate::storage::testing::instance_row;
using trialgate::storage::testing::ok;

namespace {

Digest digest_of(std::string_view text) {
  return Digest::of(testing::bytes_of(text));
}

// A store whose index the tests write and read.
struct Fixture {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;
  std::unique_ptr<Store> store = Store::open(testing::small_store(directory.path()), files).value();

  Result<void> write(const std::function<Result<void>(Index&)>& body) {
    return store->commit([&](Transaction& transaction) { return body(transaction.index()); });
  }
  template <class T>
  T read(const std::function<Result<T>(const Index&)>& body) {
    std::optional<T> value;
    const auto done = store->read([&](const ReadTransaction& transaction) -> Result<void> {
      auto result = body(transaction.index());
      if (!result) return result.error();
      value = std::move(*result);
      return {};
    });
    REQUIRE_MESSAGE(done.has_value(), done.error().message());
    return *std::move(value);
  }
  std::vector<std::string> unexamined(std::size_t limit, std::uint64_t after = 0) {
    std::vector<std::string> uids;
    const auto rows = read<std::vector<InstanceRow>>(
        [&](const Index& index) { return index.next_unexamined(limit, after); });
    for (const InstanceRow& row : rows) uids.push_back(row.sop_instance_uid);
    return uids;
  }
};

SubmissionRow submission(std::uint64_t id, std::string study_uid, SubmissionState state, std::int64_t since) {
  SubmissionRow row;
  row.id = id;
  row.site = "SITE03";
  row.study_uid = std::move(study_uid);
  row.trial_id = "ONC-301";
  row.subject = "0007";
  row.state = state;
  row.entered_state_at = at(since);
  return row;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the same SOP Instance UID with other bytes is another row") {
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    if (auto put = index.put_instance(instance_row("1.2", digest_of("a"))); !put) return put;
    if (auto put = index.put_instance(instance_row("1.2", digest_of("b"))); !put) return put;
    return index.put_instance(instance_row("1.20", digest_of("c")));
  })));
  const auto rows = read<std::vector<InstanceRow>>([](const Index& index) { return index.instances("1.2"); });
  CHECK(rows.size() == 2);
  CHECK(rows[0].blob < rows[1].blob);
  const auto of_blob = read<std::optional<InstanceRow>>(
      [](const Index& index) { return index.instance_of_blob(digest_of("b")); });
  REQUIRE(ok(of_blob));
  CHECK(of_blob->sop_instance_uid == "1.2");
  CHECK_FALSE(ok(read<std::optional<InstanceRow>>(
      [](const Index& index) { return index.instance("1.20", digest_of("a")); })));
  CHECK(read<std::vector<InstanceRow>>([](const Index& index) { return index.all_instances(10); }).size() ==
        3);
  CHECK(read<std::vector<InstanceRow>>([&](const Index& index) {
          return index.all_instances(10, "1.2", rows[0].blob);
        }).size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a blob belongs to one SOP Instance UID") {
  REQUIRE(ok(write([](Index& index) { return index.put_instance(instance_row("1.2", digest_of("a"))); })));
  const auto refused =
      write([](Index& index) { return index.put_instance(instance_row("1.3", digest_of("a"))); });
  REQUIRE_FALSE(ok(refused));
  CHECK(refused.error().code == Errc::invalid_argument);
  REQUIRE(ok(write([](Index& index) { return index.put_blob({digest_of("p"), BlobRole::pack, 9, {}}); })));
  REQUIRE(ok(write([](Index& index) { return index.put_blob({digest_of("a"), BlobRole::pack, 9, {}}); })));
  const auto role =
      read<std::optional<BlobRow>>([](const Index& index) { return index.blob(digest_of("a")); });
  CHECK(role->role == BlobRole::instance);
  CHECK(read<std::vector<BlobRow>>([](const Index& index) { return index.blobs(10); }).size() == 2);
  CHECK(read<std::vector<BlobRow>>([](const Index& index) { return index.blobs(1); }).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the examine queue keeps the order of arrival, whatever the UIDs") {
  for (const char* uid : {"9", "1", "5", "3"}) {
    REQUIRE(ok(write([&](Index& index) { return index.put_instance(instance_row(uid, digest_of(uid))); })));
  }
  CHECK(unexamined(10) == std::vector<std::string>{"9", "1", "5", "3"});
  CHECK(unexamined(2) == std::vector<std::string>{"9", "1"});
  CHECK(unexamined(2, 2) == std::vector<std::string>{"5", "3"});
  CHECK(unexamined(0).empty());

  InstanceRow examined = instance_row("1", digest_of("1"));
  examined.state = InstanceState::examined;
  examined.study_uid = "1.9";
  REQUIRE(ok(write([&](Index& index) { return index.put_instance(examined); })));
  CHECK(unexamined(10) == std::vector<std::string>{"9", "5", "3"});
  const auto row = read<std::optional<InstanceRow>>(
      [](const Index& index) { return index.instance("1", digest_of("1")); });
  CHECK(row->arrival == 2);
  CHECK(row->study_uid == "1.9");

  examined.state = InstanceState::received;
  REQUIRE(ok(write([&](Index& index) { return index.put_instance(examined); })));
  CHECK(unexamined(10) == std::vector<std::string>{"9", "1", "5", "3"});
}

TEST_CASE_FIXTURE(Fixture,
                  "instances follow when they move to another submission, also while they are walked") {
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    for (const char* uid : {"1", "2", "3"}) {
      InstanceRow row = instance_row(uid, digest_of(uid));
      row.submission = 7;
      if (auto put = index.put_instance(row); !put) return put;
    }
    return {};
  })));
  const auto members = [&](std::uint64_t id) {
    return read<std::vector<std::string>>([id](const Index& index) -> Result<std::vector<std::string>> {
      std::vector<std::string> uids;
      auto walked = index.instances_of(id, [&](const InstanceRow& row) {
        uids.push_back(row.sop_instance_uid);
        return true;
      });
      if (!walked) return walked.error();
      return uids;
    });
  };
  CHECK(members(7) == std::vector<std::string>{"1", "2", "3"});
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    Result<void> moved;
    auto walked = index.instances_of(7, [&](const InstanceRow& found) {
      InstanceRow row = found;
      row.submission = 8;
      if (row.sop_instance_uid != "2") moved = index.put_instance(row);
      return moved.has_value();
    });
    if (!walked) return walked;
    return moved;
  })));
  CHECK(members(7) == std::vector<std::string>{"2"});
  CHECK(members(8) == std::vector<std::string>{"1", "3"});
}

TEST_CASE_FIXTURE(Fixture,
                  "submissions are found by study, state and subject, and only under their present keys") {
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    CHECK(index.allocate_submission_id().value() == 1);
    CHECK(index.allocate_submission_id().value() == 2);
    if (auto put = index.put_submission(submission(1, "1.1", SubmissionState::receiving, 20)); !put)
      return put;
    return index.put_submission(submission(2, "1.2", SubmissionState::receiving, 10));
  })));
  const auto in_state = [&](SubmissionState state) {
    return read<std::vector<std::uint64_t>>(
        [state](const Index& index) -> Result<std::vector<std::uint64_t>> {
          std::vector<std::uint64_t> ids;
          auto walked = index.submissions_in(state, [&](const SubmissionRow& row) {
            ids.push_back(row.id);
            return true;
          });
          if (!walked) return walked.error();
          return ids;
        });
  };
  CHECK(in_state(SubmissionState::receiving) == std::vector<std::uint64_t>{2, 1});
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    SubmissionRow row = submission(2, "1.2", SubmissionState::quarantined, 30);
    row.subject = "0008";
    return index.put_submission(row);
  })));
  CHECK(in_state(SubmissionState::receiving) == std::vector<std::uint64_t>{1});
  CHECK(in_state(SubmissionState::quarantined) == std::vector<std::uint64_t>{2});
  CHECK(read<std::uint64_t>(
            [](const Index& index) { return index.count_in(SubmissionState::quarantined); }) == 1);
  const auto of_subject = [&](const char* subject) {
    return read<std::vector<SubmissionRow>>(
        [=](const Index& index) { return index.submissions_of("ONC-301", subject); });
  };
  CHECK(of_subject("0007").size() == 1);
  CHECK(of_subject("0008").size() == 1);
  CHECK(of_subject("000").empty());
  CHECK(read<std::optional<SubmissionRow>>([](const Index& index) {
          return index.submission("SITE03", "1.2");
        })->id == 2);
  CHECK_FALSE(ok(read<std::optional<SubmissionRow>>(
      [](const Index& index) { return index.submission("SITE04", "1.2"); })));
  CHECK(read<std::vector<SubmissionRow>>([](const Index& index) { return index.submissions(1, 1); })[0].id ==
        2);
  const auto refused = write([](Index& index) {
    return index.put_submission(submission(3, "1.1", SubmissionState::receiving, 40));
  });
  REQUIRE_FALSE(ok(refused));
  CHECK(refused.error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "a rolled back transaction gives its numbers back and leaves no row") {
  CHECK_FALSE(ok(write([](Index& index) -> Result<void> {
    CHECK(index.allocate_submission_id().value() == 1);
    if (auto put = index.put_instance(instance_row("1", digest_of("1"))); !put) return put;
    return fail(Errc::invalid_argument, "changed its mind");
  })));
  CHECK(unexamined(10).empty());
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    CHECK(index.allocate_submission_id().value() == 1);
    return {};
  })));
}

TEST_CASE_FIXTURE(Fixture, "records, documents and values are opaque bytes") {
  const std::string bytes("\0\xff{}", 4);
  REQUIRE(ok(write([&](Index& index) -> Result<void> {
    if (auto put = index.put_record(digest_of("a"), bytes); !put) return put;
    if (auto put = index.put_document(7, 1, "verdict", bytes); !put) return put;
    if (auto put = index.put_document(7, 2, "verdict", std::string(100'000, 'x')); !put) return put;
    if (auto put = index.put_document(8, 1, "query", ""); !put) return put;
    return index.put_value("cursor", bytes);
  })));
  using Bytes = std::optional<std::string>;
  CHECK(read<Bytes>([](const Index& index) { return index.record(digest_of("a")); }) == bytes);
  CHECK(read<Bytes>([](const Index& index) { return index.document(7, 1, "verdict"); }) == bytes);
  CHECK(read<Bytes>([](const Index& index) { return index.document(7, 2, "verdict"); })->size() == 100'000);
  CHECK(read<Bytes>([](const Index& index) { return index.document(8, 1, "query"); }) == "");
  CHECK_FALSE(ok(read<Bytes>([](const Index& index) { return index.document(8, 1, "verdict"); })));
  CHECK(read<Bytes>([](const Index& index) { return index.value("cursor"); }) == bytes);
  using Documents = std::vector<std::pair<std::uint32_t, std::string>>;
  CHECK(read<Documents>([](const Index& index) { return index.documents_of(7); }) ==
        Documents{{1, "verdict"}, {2, "verdict"}});
}

TEST_CASE_FIXTURE(Fixture, "derived instances are found by submission and version and by their new UID") {
  REQUIRE(ok(write([](Index& index) -> Result<void> {
    for (const std::uint32_t version : {1U, 2U}) {
      for (const char* uid : {"2.25.2", "2.25.1"}) {
        DerivedRow row;
        row.submission = 7;
        row.version = version;
        row.sop_instance_uid = uid;
        row.source = digest_of(uid);
        row.data_set = {{digest_of("pack"), 0, version}, {row.source, 400, 1'000}};
        if (auto put = index.put_derived(row); !put) return put;
      }
    }
    return {};
  })));
  std::vector<std::string> uids;
  REQUIRE(ok(store->read([&](const ReadTransaction& transaction) {
    return transaction.index().derived_of(7, 2, [&](const DerivedRow& row) {
      uids.push_back(row.sop_instance_uid);
      CHECK(row.version == 2);
      return true;
    });
  })));
  CHECK(uids == std::vector<std::string>{"2.25.1", "2.25.2"});
  const auto rows =
      read<std::vector<DerivedRow>>([](const Index& index) { return index.derived_by_uid("2.25.2"); });
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].version == 2);
  CHECK(rows[1].data_set.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "keys that LMDB or the key order could not bear are refused") {
  const auto refuses = [&](const std::string& uid) {
    const auto result =
        write([&](Index& index) { return index.put_instance(instance_row(uid, digest_of(uid))); });
    return !result && result.error().code == Errc::invalid_argument;
  };
  CHECK(refuses(""));
  CHECK(refuses(std::string(65, '1')));
  CHECK(refuses(std::string("1\0002", 3)));
  CHECK(ok(write([&](Index& index) {
    return index.put_instance(instance_row(std::string(64, '1'), digest_of("long")));
  })));
  const auto site = write([](Index& index) {
    SubmissionRow row = submission(1, "1.1", SubmissionState::receiving, 0);
    row.site = std::string(129, 'S');
    return index.put_submission(row);
  });
  CHECK_FALSE(ok(site));
}
