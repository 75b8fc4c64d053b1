#include "storage/audit_trail.h"

#include "storage/lmdb/environment.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/lmdb_audit_trail.h"
#include "tests/storage/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <sstream>

using namespace trialgate::storage;
using trialgate::storage::testing::ok;

namespace {

constexpr std::uint64_t map_bytes = std::uint64_t{64} << 20;

std::vector<AuditRecord> chain_of(std::size_t size) {
  std::vector<AuditRecord> records;
  AuditHead head;
  for (std::size_t i = 1; i <= size; ++i) {
    AuditRecord record =
        testing::audit_record("instance.received", static_cast<std::int64_t>(1'780'000'000 + i));
    record.reason = i % 3 == 0 ? "re-sent by the site" : "";
    record.detail = "{\"n\":" + std::to_string(i) + "}";
    record.sop_instance_uid = "1.2." + std::to_string(i);
    if (i % 2 == 0) record.submission = i / 2;
    if (i % 5 != 0) record.object = Digest::of(testing::bytes_of(record.detail));
    record.seq = i;
    record.prev_hash = head.hash;
    record.hash = chain_hash(record);
    head = {record.seq, record.hash};
    records.push_back(std::move(record));
  }
  return records;
}

// Part of a good trail, which the tests tamper with, and the heads before and after it.
struct Window {
  AuditHead before;
  std::vector<AuditRecord> records;
  std::size_t at;  // the record to tamper with
  AuditHead after;
};

// The records around the one at `i`. What breaks the chain here breaks it in the whole trail.
Window around(const std::vector<AuditRecord>& good, std::size_t i) {
  const std::size_t from = i < 2 ? 0 : i - 2;
  const std::size_t to = std::min(i + 3, good.size());
  Window window{
      {},
      {good.begin() + static_cast<std::ptrdiff_t>(from), good.begin() + static_cast<std::ptrdiff_t>(to)},
      i - from,
      {good[to - 1].seq, good[to - 1].hash}};
  if (from > 0) window.before = {good[from - 1].seq, good[from - 1].hash};
  return window;
}

bool detects(const Window& window) {
  AuditChain chain(window.before);
  for (const AuditRecord& record : window.records) {
    if (!chain.check(record)) return true;
  }
  return chain.result().head != window.after;
}

const std::vector<std::function<void(AuditRecord&)>>& edits() {
  static const std::vector<std::function<void(AuditRecord&)>> all = {
      [](AuditRecord& record) { record.at += std::chrono::microseconds(1); },
      [](AuditRecord& record) { record.actor += 'x'; },
      [](AuditRecord& record) { record.event[0] = 'I'; },
      [](AuditRecord& record) { record.reason = "another"; },
      [](AuditRecord& record) { record.site.clear(); },
      [](AuditRecord& record) { record.submission = record.submission ? std::nullopt : std::optional(1UL); },
      [](AuditRecord& record) { record.object = Digest(); },
      [](AuditRecord& record) { record.sop_instance_uid += '0'; },
      [](AuditRecord& record) { record.detail += ' '; },
      // Text moved from one member to the next leaves the same letters in the same order.
      [](AuditRecord& record) { record.actor += record.event.front(), record.event.erase(0, 1); },
      [](AuditRecord& record) { record.seq += 1; },
      [](AuditRecord& record) { record.hash = Digest(); },
      [](AuditRecord& record) { record.prev_hash = Digest::of({}); },
      [](AuditRecord& record) { record.detail += ' ', record.hash = chain_hash(record); },
  };
  return all;
}

// A store directory whose trail the tests tamper with behind the store's back.
struct Fixture {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;

  void append(std::size_t size) {
    const auto store = Store::open(testing::small_store(directory.path()), files).value();
    const auto done = store->commit([&](Transaction& transaction) -> Result<void> {
      for (const AuditRecord& record : chain_of(size)) {
        if (const auto appended = transaction.audit().append(record); !appended) return appended.error();
      }
      return {};
    });
    REQUIRE(ok(done));
  }
  void tamper(const std::function<Result<void>(LmdbTransaction&)>& body) {
    const auto environment =
        LmdbEnvironment::open(directory / "index", map_bytes, LmdbEnvironment::Mode::read_write).value();
    auto transaction = LmdbTransaction::begin(*environment, LmdbTransaction::Mode::write).value();
    REQUIRE(ok(body(transaction)));
    REQUIRE(ok(transaction.commit()));
  }
  AuditVerification verify() {
    const auto store = Store::open(testing::small_store(directory.path()), files).value();
    return store->verify_audit().value();
  }
};

std::string key_of(std::uint64_t seq) {
  return Key().u64(seq).bytes();
}

}  // namespace

TEST_CASE("the canonical bytes and the hash of a record are fixed for ever") {
  AuditRecord record = testing::audit_record("instance.received");
  record.seq = 1;
  record.submission = 2;
  record.object = Digest();
  const auto bytes = canonical_bytes(record);
  CHECK(bytes.size() == 1 + 8 + 8 + (4 + 4) + (4 + 17) + 4 + (4 + 6) + 9 + 33 + 4 + 4);
  CHECK(chain_hash(record).hex() == "3e87563c97413136a01d1060aaf3bca6bb47ab770db2e08a70ac94e20c4ec8a1");
}

TEST_CASE("edit, delete, insert, duplicate and swap of every one of 2000 records are found") {
  const std::vector<AuditRecord> good = chain_of(2'000);
  std::size_t missed = 0;
  std::size_t false_alarms = 0;
  const auto tamper = [&](std::size_t i, const std::function<void(Window&)>& change) {
    Window window = around(good, i);
    false_alarms += detects(window) ? 1 : 0;
    change(window);
    missed += detects(window) ? 0 : 1;
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const auto& edit : edits()) tamper(i, [&](Window& window) { edit(window.records[window.at]); });
    const auto here = [](Window& window) {
      return window.records.begin() + static_cast<std::ptrdiff_t>(window.at);
    };
    tamper(i, [&](Window& window) { window.records.erase(here(window)); });
    tamper(i, [&](Window& window) { window.records.insert(here(window), good[i]); });
    tamper(i, [&](Window& window) {
      AuditRecord forged = testing::audit_record("forged");
      forged.seq = good[i].seq;
      forged.prev_hash = good[i].prev_hash;
      forged.hash = chain_hash(forged);
      window.records.insert(here(window), forged);
    });
    if (i + 1 == good.size()) continue;
    tamper(i, [&](Window& window) { std::iter_swap(here(window), here(window) + 1); });
  }
  CHECK(false_alarms == 0);
  CHECK(missed == 0);
}

TEST_CASE_FIXTURE(Fixture, "a trail in the store verifies, over the steps of a long walk too") {
  append(50);
  CHECK(verify().ok());
  CHECK(verify().head.seq == 50);
  const auto store = Store::open(testing::small_store(directory.path()), files).value();
  AuditHead head;
  int steps = 0;
  REQUIRE(ok(store->read([&](const ReadTransaction& transaction) -> Result<void> {
    for (; head.seq < 50; ++steps) head = transaction.audit().verify(head, 7).value().head;
    return {};
  })));
  CHECK(steps == 8);
}

TEST_CASE_FIXTURE(Fixture, "changes of the trail's table are found where they are") {
  append(40);
  SUBCASE("one byte of any part of a row") {
    for (const std::size_t from_end : {1U, 40U, 70U, 90U}) {
      tamper([&](LmdbTransaction& transaction) -> Result<void> {
        std::string row(**transaction.get(Table::audit, key_of(20)));
        row[row.size() - from_end] = static_cast<char>(row[row.size() - from_end] ^ 1);
        return transaction.put(Table::audit, key_of(20), row);
      });
      CHECK(verify().first_broken == 20);
      tamper([&](LmdbTransaction& transaction) -> Result<void> {
        std::string row(**transaction.get(Table::audit, key_of(20)));
        row[row.size() - from_end] = static_cast<char>(row[row.size() - from_end] ^ 1);
        return transaction.put(Table::audit, key_of(20), row);
      });
      CHECK(verify().ok());
    }
  }
  SUBCASE("a row removed") {
    tamper([](LmdbTransaction& transaction) { return transaction.erase(Table::audit, key_of(7)); });
    CHECK(verify().first_broken == 7);
  }
  SUBCASE("a row put before the first") {
    tamper([](LmdbTransaction& transaction) {
      return transaction.put(Table::audit, key_of(0),
                             std::string(**transaction.get(Table::audit, key_of(1))));
    });
    CHECK(verify().first_broken == 1);
  }
  SUBCASE("two rows swapped") {
    tamper([](LmdbTransaction& transaction) -> Result<void> {
      const std::string a(**transaction.get(Table::audit, key_of(3)));
      const std::string b(**transaction.get(Table::audit, key_of(4)));
      if (auto put = transaction.put(Table::audit, key_of(3), b); !put) return put;
      return transaction.put(Table::audit, key_of(4), a);
    });
    CHECK(verify().first_broken == 3);
  }
  SUBCASE("the last row removed, the head left") {
    tamper([](LmdbTransaction& transaction) { return transaction.erase(Table::audit, key_of(40)); });
    CHECK(verify().first_broken == 40);
  }
  SUBCASE("a row that cannot be decoded") {
    tamper([](LmdbTransaction& transaction) { return transaction.put(Table::audit, key_of(9), "junk"); });
    CHECK(verify().first_broken == 9);
  }
}

TEST_CASE_FIXTURE(Fixture, "a cut tail is found by a head that was kept elsewhere") {
  append(10);
  std::stringstream exported;
  const auto store = Store::open(testing::small_store(directory.path()), files).value();
  const AuditHead head = store->export_audit(exported).value();
  CHECK(head.seq == 10);
  const std::string text = exported.str();
  std::vector<std::size_t> line_ends;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_ends.push_back(i + 1);
  }
  REQUIRE(line_ends.size() == 10);
  for (std::size_t lines = 0; lines <= line_ends.size(); ++lines) {
    std::istringstream cut(text.substr(0, lines == 0 ? 0 : line_ends[lines - 1]));
    const auto result = verify_export(cut, {}, head).value();
    CHECK(result.ok() == (lines == line_ends.size()));
  }
  std::istringstream without_head(text.substr(0, line_ends[4]));
  CHECK(verify_export(without_head).value().head.seq == 5);
}

TEST_CASE_FIXTURE(Fixture, "any changed byte of an exported trail is found without the store") {
  append(6);
  std::stringstream exported;
  const auto store = Store::open(testing::small_store(directory.path()), files).value();
  const AuditHead head = store->export_audit(exported).value();
  const std::string text = exported.str();
  std::istringstream good(text);
  CHECK(verify_export(good, {}, head).value().ok());
  std::size_t missed = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    std::istringstream lines(bad);
    missed += verify_export(lines, {}, head).value().ok() ? 1 : 0;
  }
  // The last line feed may become anything but part of a record; here it becomes a byte of its line.
  CHECK(missed == 0);
}

TEST_CASE("records survive the export, whatever text they hold") {
  AuditRecord record = testing::audit_record("note\n\"quoted\"");
  record.at = UtcTime(std::chrono::microseconds(1'780'000'000'000'001));
  record.actor = "王医生";
  record.detail = R"({"a":"\u0000"})";
  record.submission = std::numeric_limits<std::uint64_t>::max();
  record.seq = 1;
  record.hash = chain_hash(record);
  const std::string line = to_json_line(record);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find("\"at\":\"2026-05-28T") != std::string::npos);
  CHECK(from_json_line(line).value() == record);
  CHECK_FALSE(ok(from_json_line(line + " ")));
  CHECK_FALSE(ok(from_json_line("{}")));
  CHECK_FALSE(ok(from_json_line("[1")));
}

TEST_CASE_FIXTURE(Fixture, "bytes that are no UTF-8 do not stop a record") {
  const auto store = Store::open(testing::small_store(directory.path()), files).value();
  REQUIRE(ok(store->commit([](Transaction& transaction) -> Result<void> {
    AuditRecord record = testing::audit_record("association.rejected");
    record.actor = "PACS\xff\xc3\x28\xe7\x8e\x8b\xed\xa0\x80";
    record.submission = 3;
    if (const auto appended = transaction.audit().append(record); !appended) return appended.error();
    return {};
  })));
  REQUIRE(ok(store->read([](const ReadTransaction& transaction) -> Result<void> {
    const auto records = transaction.audit().read_of(3).value();
    REQUIRE(records.size() == 1);
    CHECK(records[0].actor ==
          "PACS\xef\xbf\xbd\xef\xbf\xbd(\xe7\x8e\x8b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    return {};
  })));
  std::stringstream exported;
  const AuditHead head = store->export_audit(exported).value();
  CHECK(verify_export(exported, {}, head).value().ok());
}
