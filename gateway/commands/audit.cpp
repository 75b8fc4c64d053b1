#include "gateway/commands/audit.h"

#include "gateway/commands/exit_status.h"
#include "storage/store.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

namespace trialgate::gateway {
namespace {

using storage::AuditHead;
using storage::AuditVerification;
using storage::Result;

std::string to_string(const AuditHead& head) {
  return std::to_string(head.seq) + ':' + head.hash.hex();
}

std::optional<AuditHead> parse_head(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  AuditHead head;
  const auto [end, error] = std::from_chars(text.data(), text.data() + colon, head.seq);
  const auto hash = storage::Digest::from_hex(text.substr(colon + 1));
  if (error != std::errc() || end != text.data() + colon || !hash) return std::nullopt;
  head.hash = *hash;
  return head;
}

Result<std::unique_ptr<storage::Store>> open_store(const std::filesystem::path& directory,
                                                   storage::FileSystem& files) {
  storage::StoreConfig config;
  config.directory = directory.string();
  config.access = storage::Access::read_only;
  return storage::Store::open(config, files);
}

/// A trail that was cut off and continued is whole in itself: only a head kept elsewhere tells.
Result<void> compare_with_expected(const storage::Store& store, const AuditHead& expected,
                                   AuditVerification& verification) {
  return store.read([&](const storage::ReadTransaction& transaction) -> Result<void> {
    const auto records = transaction.audit().read(expected.seq, 1);
    if (!records) return records.error();
    const bool there = expected.seq == 0 || (!records->empty() && records->front().seq == expected.seq &&
                                             records->front().hash == expected.hash);
    if (!there) {
      verification.first_broken = expected.seq;
      verification.problem = "the record that was the head is not there, or another one";
    }
    return {};
  });
}

Result<AuditVerification> verify_store_trail(const std::filesystem::path& directory,
                                             const std::optional<AuditHead>& expected) {
  storage::PosixFileSystem files;
  const auto store = open_store(directory, files);
  if (!store) return store.error();
  auto verification = (*store)->verify_audit();
  if (!verification || !verification->ok() || !expected) return verification;
  if (auto compared = compare_with_expected(**store, *expected, *verification); !compared)
    return compared.error();
  return verification;
}

Result<AuditVerification> verify_export_file(const std::filesystem::path& file,
                                             const std::optional<AuditHead>& expected) {
  std::ifstream lines(file, std::ios::binary);
  if (!lines) return storage::fail(storage::Errc::not_found, "cannot open " + file.string());
  return storage::verify_export(lines, {}, expected);
}

void print(std::ostream& out, const AuditVerification& verification, bool json) {
  if (json) {
    boost::json::object object = {{"sound", verification.ok()}, {"head", to_string(verification.head)}};
    if (!verification.ok()) {
      object["first_broken"] = *verification.first_broken;
      object["problem"] = verification.problem;
    }
    out << boost::json::serialize(object) << '\n';
  } else if (verification.ok()) {
    out << verification.head.seq << " audit records in order, head " << to_string(verification.head) << '\n';
  } else {
    out << "broken at record " << *verification.first_broken << ": " << verification.problem << '\n';
  }
}

}  // namespace

int audit_verify_command(const AuditVerifyOptions& options, std::ostream& out, std::ostream& err) {
  std::optional<AuditHead> expected;
  if (!options.expected_head.empty()) {
    expected = parse_head(options.expected_head);
    if (!expected) {
      err << "the expected head is not of the form seq:hash\n";
      return exit_could_not;
    }
  }
  const auto verification = options.export_file.empty() ? verify_store_trail(options.store, expected)
                                                        : verify_export_file(options.export_file, expected);
  if (!verification) {
    err << verification.error().message() << '\n';
    return exit_could_not;
  }
  print(out, *verification, options.json);
  return verification->ok() ? exit_ok : exit_findings;
}

int audit_export_command(const AuditExportOptions& options, std::ostream& out, std::ostream& err) {
  storage::PosixFileSystem files;
  const auto store = open_store(options.store, files);
  if (!store) {
    err << store.error().message() << '\n';
    return exit_could_not;
  }
  const auto head = (*store)->export_audit(out);
  if (!head) {
    err << head.error().message() << '\n';
    return exit_could_not;
  }
  out.flush();
  if (!out) {
    err << "the export could not be written\n";
    return exit_could_not;
  }
  err << "head " << to_string(*head) << '\n';
  return exit_ok;
}

}  // namespace trialgate::gateway
