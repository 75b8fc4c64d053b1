#include "gateway/commands/audit.h"
#include "gateway/commands/verify_store.h"
#include "storage/store.h"
#include "tests/gateway/worker/synthetic_instance.h"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;

namespace fs = std::filesystem;

namespace {

struct Run {
  int status = 0;
  std::string out;
  std::string err;
};

/// A store with one instance and some audit records.
storage::Digest fill(const fs::path& directory) {
  storage::PosixFileSystem files;
  storage::StoreConfig config;
  config.directory = directory.string();
  config.map_size_bytes = 64U << 20U;
  config.reserve_bytes = 0;
  config.watermark_bytes = 0;
  config.watermark_percent = 0;
  auto store = storage::Store::open(config, files);
  REQUIRE(store.has_value());
  auto writer = (*store)->create_blob();
  REQUIRE(writer.has_value());
  const std::string file = SyntheticInstance().file();
  REQUIRE((*writer)->append({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}).has_value());
  auto sealed = (*writer)->seal();
  REQUIRE(sealed.has_value());
  const storage::Digest digest = sealed->digest();
  storage::Commit commit;
  commit.blobs.push_back(std::move(*sealed));
  commit.apply = [&](storage::Transaction& transaction) -> storage::Result<void> {
    storage::InstanceRow row;
    row.sop_instance_uid = "1.2.3.4.5";
    row.blob = digest;
    row.size_bytes = file.size();
    if (auto put = transaction.index().put_instance(row); !put) return put;
    for (int i = 0; i < 3; ++i) {
      storage::AuditRecord record;
      record.actor = "test";
      record.event = "instance.received";
      if (auto appended = transaction.audit().append(record); !appended) return appended.error();
    }
    return {};
  };
  REQUIRE((*store)->commit(std::move(commit)).has_value());
  return digest;
}

Run verify(const fs::path& store, bool json = false) {
  VerifyStoreOptions options;
  options.store = store;
  options.json = json;
  std::ostringstream out;
  std::ostringstream err;
  const int status = verify_store_command(options, out, err);
  return {status, out.str(), err.str()};
}

Run audit(AuditVerifyOptions options) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = audit_verify_command(options, out, err);
  return {status, out.str(), err.str()};
}

fs::path file_of(const fs::path& directory, const storage::Digest& digest) {
  const std::string hex = digest.hex();
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() &&
        entry.path().filename().string().find(hex.substr(8)) != std::string::npos) {
      return entry.path();
    }
  }
  return {};
}

}  // namespace

TEST_CASE("verify-store: a store that is whole, one that is damaged, one that has lost a blob") {
  const TemporaryFolder folder;
  const storage::Digest digest = fill(folder.path());
  const Run sound = verify(folder.path());
  CHECK(sound.err == "");
  CHECK(sound.status == 0);
  CHECK(sound.out.find("1 blobs") != std::string::npos);
  CHECK(sound.out.find("3 audit records: sound") != std::string::npos);

  const fs::path blob = file_of(folder.path(), digest);
  REQUIRE_FALSE(blob.empty());
  fs::permissions(blob, fs::perms::owner_all);
  std::fstream(blob, std::ios::in | std::ios::out | std::ios::binary).seekp(700).put('!');
  const Run damaged = verify(folder.path(), true);
  CHECK(damaged.status == 1);
  const auto json = boost::json::parse(damaged.out);
  CHECK(json.at("sound") == false);
  CHECK(json.at("damaged").as_array().size() == 1);

  fs::remove(blob);
  const Run missing = verify(folder.path());
  CHECK(missing.status == 1);
  CHECK(missing.out.find("missing: blob " + digest.hex()) != std::string::npos);
}

TEST_CASE("verify-store and audit: no store is one clear sentence and status 2") {
  const Run run = verify("/nonexistent/store");
  CHECK(run.status == 2);
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
  CHECK(audit({"/nonexistent/store", {}, {}, false}).status == 2);
  CHECK(audit({{}, "/nonexistent/file", {}, false}).status == 2);
}

TEST_CASE("audit: the trail verifies, exports, and a tail that was cut off is found by its head") {
  const TemporaryFolder folder;
  fill(folder.path());
  std::ostringstream lines;
  std::ostringstream head;
  REQUIRE(audit_export_command({folder.path()}, lines, head) == 0);
  std::string kept = head.str();
  REQUIRE(kept.starts_with("head 3:"));
  kept = kept.substr(5, kept.size() - 6);

  CHECK(audit({folder.path(), {}, kept, false}).status == 0);
  CHECK(audit({folder.path(), {}, "3:" + std::string(64, '0'), false}).status == 1);
  CHECK(audit({folder.path(), {}, "nonsense", false}).status == 2);

  const fs::path whole = folder.write("export.jsonl", lines.str());
  CHECK(audit({{}, whole, kept, false}).status == 0);
  std::string text = lines.str();
  const fs::path cut = folder.write("cut.jsonl", text.substr(0, text.find('\n', text.find('\n') + 1) + 1));
  CHECK(audit({{}, cut, {}, false}).status == 0);
  CHECK(audit({{}, cut, kept, true}).status == 1);
  text.replace(text.find("instance.received"), 8, "INSTANCE");
  CHECK(audit({{}, folder.write("edited.jsonl", text), {}, false}).status == 1);
}
