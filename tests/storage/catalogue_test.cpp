#include "storage/catalogue.h"

#include "storage/file_system.h"
#include "storage/store.h"
#include "tests/storage/support.h"

#include <doctest/doctest.h>
#include <lmdb.h>

#include <string>
#include <vector>

namespace trialgate::storage {
namespace {

const Shelf received{ShelfKind::received, {}};
const Shelf reader{ShelfKind::delivered, "reader-1"};

struct Fixture {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;
  std::unique_ptr<Store> store = Store::open(testing::small_store(directory.path()), files).value();

  void commit(const std::function<Result<void>(Catalogue&)>& write) {
    const auto committed =
        store->commit([&](Transaction& transaction) { return write(transaction.catalogue()); });
    if (!committed) FAIL(committed.error().message());
  }
  void read(const std::function<Result<void>(const Catalogue&)>& body) {
    const auto done =
        store->read([&](const ReadTransaction& transaction) { return body(transaction.catalogue()); });
    if (!done) FAIL(done.error().message());
  }
  std::vector<CataloguePlace> keys(const Shelf& shelf, CatalogueKey key, std::string_view from = {},
                                   const std::optional<CataloguePlace>& after = {}) {
    std::vector<CataloguePlace> found;
    read([&](const Catalogue& catalogue) {
      return catalogue.keys(shelf, key, from, after, [&](const CataloguePlace& place) {
        found.push_back(place);
        return true;
      });
    });
    return found;
  }
};

CatalogueStudy study(std::uint64_t submission, std::string patient, std::string date) {
  CatalogueStudy row;
  row.submission = submission;
  row.study_uid = "1.2.3." + std::to_string(submission);
  row.patient_id = std::move(patient);
  row.study_date = std::move(date);
  row.names = {"li^lei", "李^雷"};
  row.series_count = 1;
  row.instance_count = 2;
  row.attributes = "opaque";
  return row;
}

}  // namespace

TEST_CASE("the rows of a study come back from its own shelf only") {
  Fixture fixture;
  const CatalogueStudy row = study(7, "P1", "20260102");
  const CatalogueSeries series{"1.2.3.7.1", 1, 2, "s"};
  const CatalogueInstance instance{"1.2.3.7.1.1", "i"};
  fixture.commit([&](Catalogue& catalogue) -> Result<void> {
    if (auto put = catalogue.put_study(received, row); !put) return put;
    if (auto put = catalogue.put_series(received, 7, series); !put) return put;
    return catalogue.put_instance(received, 7, 1, instance);
  });
  fixture.read([&](const Catalogue& catalogue) -> Result<void> {
    CHECK(catalogue.study(received, 7).value() == row);
    CHECK(catalogue.series(received, 7, "1.2.3.7.1").value() == series);
    CHECK(catalogue.instance(received, 7, 1, "1.2.3.7.1.1").value() == instance);
    CHECK_FALSE(testing::ok(catalogue.study(reader, 7).value()));
    CHECK_FALSE(testing::ok(catalogue.series(reader, 7, "1.2.3.7.1").value()));
    CHECK_FALSE(testing::ok(catalogue.instance(received, 7, 2, "1.2.3.7.1.1").value()));
    return {};
  });
  CHECK(fixture.keys(reader, CatalogueKey::patient_id).empty());
  CHECK(fixture.keys(received, CatalogueKey::series_uid) == std::vector<CataloguePlace>{{"1.2.3.7.1", 7}});
}

TEST_CASE("studies are found by key in order, from a text or a place on") {
  Fixture fixture;
  fixture.commit([&](Catalogue& catalogue) -> Result<void> {
    for (const CatalogueStudy& row :
         {study(3, "P2", "20260103"), study(1, "P1", "20260105"), study(2, "P1", "20260101")}) {
      if (auto put = catalogue.put_study(received, row); !put) return put;
    }
    return {};
  });
  CHECK(fixture.keys(received, CatalogueKey::patient_id) ==
        std::vector<CataloguePlace>{{"P1", 1}, {"P1", 2}, {"P2", 3}});
  CHECK(fixture.keys(received, CatalogueKey::patient_id, {}, CataloguePlace{"P1", 1}) ==
        std::vector<CataloguePlace>{{"P1", 2}, {"P2", 3}});
  CHECK(fixture.keys(received, CatalogueKey::study_date, "20260102") ==
        std::vector<CataloguePlace>{{"20260103", 3}, {"20260105", 1}});
  CHECK(fixture.keys(received, CatalogueKey::patient_name).size() == 6);
  CHECK(fixture.keys(received, CatalogueKey::accession_number).empty());
}

TEST_CASE("a study that changes loses its old keys and keeps none when it goes") {
  Fixture fixture;
  fixture.commit(
      [&](Catalogue& catalogue) { return catalogue.put_study(received, study(1, "P1", "20260101")); });
  fixture.commit([&](Catalogue& catalogue) -> Result<void> {
    CatalogueStudy changed = study(1, "P9", "20260101");
    changed.names.clear();
    if (auto put = catalogue.put_study(received, changed); !put) return put;
    if (auto put = catalogue.put_series(received, 1, {"1.2.3.1.1", 1, 3'000, {}}); !put) return put;
    // More than are erased at once.
    for (int i = 0; i < 3'000; ++i) {
      auto put = catalogue.put_instance(received, 1, 1, {"1.2.3.1.1." + std::to_string(i), "i"});
      if (!put) return put;
    }
    return {};
  });
  CHECK(fixture.keys(received, CatalogueKey::patient_id) == std::vector<CataloguePlace>{{"P9", 1}});
  CHECK(fixture.keys(received, CatalogueKey::patient_name).empty());
  fixture.commit([&](Catalogue& catalogue) { return catalogue.erase_study(received, 1); });
  for (const CatalogueKey key : {CatalogueKey::study_uid, CatalogueKey::series_uid, CatalogueKey::patient_id,
                                 CatalogueKey::study_date}) {
    CHECK(fixture.keys(received, key).empty());
  }
  fixture.read([&](const Catalogue& catalogue) -> Result<void> {
    int left = 0;
    const auto count = [&](const auto&) { return ++left > 0; };
    if (auto walked = catalogue.instances_of(received, 1, 1, {}, count); !walked) return walked;
    if (auto walked = catalogue.series_of(received, 1, {}, count); !walked) return walked;
    if (auto walked = catalogue.studies(received, 0, count); !walked) return walked;
    CHECK(left == 0);
    return {};
  });
}

TEST_CASE("series and instances are walked from a UID on, within their study") {
  Fixture fixture;
  fixture.commit([&](Catalogue& catalogue) -> Result<void> {
    for (const std::uint64_t submission : {1U, 2U}) {
      for (const char* uid : {"1.1", "1.2", "1.3"}) {
        if (auto put = catalogue.put_series(received, submission, {uid, 1, 1, {}}); !put) return put;
        if (auto put = catalogue.put_instance(received, submission, 1, {uid, {}}); !put) return put;
      }
    }
    return {};
  });
  fixture.read([&](const Catalogue& catalogue) -> Result<void> {
    std::vector<std::string> found;
    auto walked = catalogue.series_of(received, 1, "1.1", [&](const CatalogueSeries& row) {
      found.push_back(row.series_uid);
      return true;
    });
    if (!walked) return walked;
    CHECK(found == std::vector<std::string>{"1.2", "1.3"});
    found.clear();
    walked = catalogue.instances_of(received, 1, 1, "1.2", [&](const CatalogueInstance& row) {
      found.push_back(row.sop_instance_uid);
      return true;
    });
    CHECK(found == std::vector<std::string>{"1.3"});
    return walked;
  });
}

TEST_CASE("a long text is cut in the key, never in the row") {
  Fixture fixture;
  const std::string long_id(200, 'x');
  fixture.commit([&](Catalogue& catalogue) { return catalogue.put_study(received, study(1, long_id, {})); });
  CHECK(fixture.keys(received, CatalogueKey::patient_id, long_id) ==
        std::vector<CataloguePlace>{{std::string(64, 'x'), 1}});
  fixture.read([&](const Catalogue& catalogue) -> Result<void> {
    CHECK(catalogue.study(received, 1).value()->patient_id == long_id);
    return {};
  });
}

TEST_CASE("a command reads the index of an older program, whose tables were fewer") {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;
  CHECK(testing::ok(Store::open(testing::small_store(directory.path()), files)));
  MDB_env* environment = nullptr;
  REQUIRE(mdb_env_create(&environment) == MDB_SUCCESS);
  REQUIRE(mdb_env_set_maxdbs(environment, 64) == MDB_SUCCESS);
  REQUIRE(mdb_env_open(environment, (directory / "index").c_str(), 0, 0600) == MDB_SUCCESS);
  MDB_txn* transaction = nullptr;
  MDB_dbi table = 0;
  REQUIRE(mdb_txn_begin(environment, nullptr, 0, &transaction) == MDB_SUCCESS);
  REQUIRE(mdb_dbi_open(transaction, "catalogue_study", 0, &table) == MDB_SUCCESS);
  REQUIRE(mdb_drop(transaction, table, 1) == MDB_SUCCESS);
  REQUIRE(mdb_txn_commit(transaction) == MDB_SUCCESS);
  mdb_env_close(environment);

  const auto store = Store::open(testing::small_store(directory.path(), Access::read_only), files);
  REQUIRE(testing::ok(store));
  const auto read = (*store)->read([](const ReadTransaction& views) -> Result<void> {
    CHECK_FALSE(testing::ok(views.catalogue().study(received, 1).value()));
    return views.catalogue().studies(received, 0, [](const CatalogueStudy&) { return true; });
  });
  CHECK(testing::ok(read));
}

TEST_CASE("a text with a NUL byte is refused as a key") {
  Fixture fixture;
  const auto committed = fixture.store->commit([&](Transaction& transaction) {
    return transaction.catalogue().put_study(received, study(1, std::string("a\0b", 3), {}));
  });
  REQUIRE_FALSE(testing::ok(committed));
  CHECK(committed.error().code == Errc::invalid_argument);
}

}  // namespace trialgate::storage
