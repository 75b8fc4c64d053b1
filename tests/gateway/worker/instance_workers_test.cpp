#include "gateway/worker/instance_workers.h"

#include "gateway/catalogue/attributes.h"
#include "tests/gateway/worker/synthetic_instance.h"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace std::chrono_literals;
using trialgate::gateway::test::SyntheticInstance;
using trialgate::gateway::test::TemporaryFolder;

namespace {

WorkerPoolConfig config_of(std::size_t processes) {
  WorkerPoolConfig config;
  config.processes = processes;
  config.command = {TRIALGATE_INSTANCE_WORKER};
  return config;
}

storage::UniqueFd open_file(const std::filesystem::path& path) {
  storage::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file.get() >= 0);
  return file;
}

rules::DeidentificationRules basic_rules() {
  rules::DeidentificationRules rules;
  rules.options = {rules::DeidentificationOption::retain_longitudinal_modified_dates};
  rules.dates = rules::DateHandling::shift_per_subject;
  return rules;
}

rules::DeidentificationSubject subject_of(std::string patient_id) {
  rules::DeidentificationSubject subject;
  subject.patient_id = std::move(patient_id);
  subject.subject_id = "ONC-301-007";
  subject.sponsor = "Example Pharma";
  subject.protocol_id = "ONC-301";
  subject.site_id = "SITE01";
  return subject;
}

const std::vector<std::uint8_t> key(32, 0x4B);

/// 10 000 sequences in each other, implicit length: what makes a recursive parser overflow its stack.
std::string nested_sequences(int levels) {
  std::string open;
  for (int i = 0; i < levels; ++i) {
    open += std::string("\x32\x00\x64\x10SQ\0\0\xFF\xFF\xFF\xFF", 12) +
            std::string("\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF", 8);
  }
  return open;
}

}  // namespace

TEST_CASE("a worker examines an instance") {
  const TemporaryFolder folder;
  const auto file = open_file(folder.write("ct.dcm", SyntheticInstance().file()));
  InstanceWorkers workers(config_of(1));
  const auto outcome = workers.examine(file.get(), std::vector<std::string>{"SliceThickness"});
  if (const auto* failure = std::get_if<WorkerFailure>(&outcome)) FAIL(failure->reason);
  const auto& [record, attributes] = std::get<ExaminedInstance>(outcome);
  CHECK(record.sop_instance_uid == "1.2.3.4.5");
  CHECK(record.study_uid == "1.2.3");
  CHECK(*record.number("SliceThickness") == 5.0);
  const auto read = decode_instance_attributes(attributes);
  REQUIRE(read.has_value());
  REQUIRE(find(read->study, rules::Tag(0x0010, 0x0020)) != nullptr);
  CHECK(find(read->study, rules::Tag(0x0010, 0x0020))->value == "HOSP-77");
  CHECK(::fcntl(file.get(), F_GETFD) >= 0);
}

TEST_CASE("what is no data set is unreadable, and the worker lives on") {
  const TemporaryFolder folder;
  InstanceWorkers workers(config_of(1));
  for (const std::string& bytes : {std::string(), std::string("not DICOM"), std::string(4096, '\xFF'),
                                   SyntheticInstance().file().substr(0, 200)}) {
    const auto outcome = workers.examine(open_file(folder.write("bad", bytes)).get(), {});
    REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
    CHECK(std::get<WorkerFailure>(outcome).kind == WorkerFailure::Kind::unreadable);
  }
  CHECK(workers.pool().statistics().processes_started == 1);
}

TEST_CASE("10 000 nested sequences are refused by the bounded parser, not by a crash") {
  const TemporaryFolder folder;
  const auto file =
      open_file(folder.write("deep", SyntheticInstance().file().substr(0, 600) + nested_sequences(10'000)));
  InstanceWorkers workers(config_of(1));
  const auto outcome = workers.examine(file.get(), {});
  REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
  CHECK(std::get<WorkerFailure>(outcome).kind == WorkerFailure::Kind::unreadable);
  CHECK(workers.pool().statistics().processes_started == 1);
}

TEST_CASE("every real file, malformed ones included, is examined or unreadable: no worker dies") {
  InstanceWorkers workers(config_of(2));
  std::atomic<int> read = 0;
  std::atomic<int> unreadable = 0;
  std::atomic<int> other = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TRIALGATE_TEST_DATA)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    workers.examine(open_file(entry.path()), {}, [&](const ExamineOutcome& outcome) {
      const auto* failure = std::get_if<WorkerFailure>(&outcome);
      ++(failure == nullptr ? read : failure->kind == WorkerFailure::Kind::unreadable ? unreadable : other);
    });
  }
  while (read + unreadable + other < files) std::this_thread::sleep_for(5ms);
  CHECK(read > 50);
  CHECK(other == 0);
}

TEST_CASE("a worker de-identifies an instance; pixels are a range of the source") {
  const TemporaryFolder folder;
  const std::string source = SyntheticInstance().file();
  const auto file = open_file(folder.write("ct.dcm", source));
  InstanceWorkers workers(config_of(1));
  const DeidentificationPlan plan(basic_rules(), subject_of("HOSP-77"), key);
  const auto outcome = workers.deidentify(file.get(), plan);
  if (const auto* failure = std::get_if<WorkerFailure>(&outcome)) FAIL(failure->reason);
  if (const auto* held = std::get_if<rules::Held>(&outcome)) FAIL(held->causes.front().message);
  const auto& [instance, new_pixels, digest, attributes] = std::get<DeidentifiedInstance>(outcome);
  CHECK_FALSE(new_pixels);
  CHECK(instance.source_sop_instance_uid == "1.2.3.4.5");
  CHECK(instance.sop_instance_uid.starts_with("2.25."));
  CHECK(instance.pixel_length == 512);
  CHECK(source.substr(instance.pixel_offset, instance.pixel_length) == std::string(512, '\x21'));
  std::string derived(instance.prefix.begin(), instance.prefix.end());
  for (const char* identifying : {"Secret", "HOSP-77", "ACC-4711", "Referrer", "19500102"}) {
    CHECK(derived.find(identifying) == std::string::npos);
  }
  derived += source.substr(instance.pixel_offset, instance.pixel_length);
  derived.append(instance.suffix.begin(), instance.suffix.end());
  CHECK(storage::Digest::of({reinterpret_cast<const std::uint8_t*>(derived.data()), derived.size()}) ==
        digest);
  // What queries of the clean view find is the pseudonym, and the same a second time from the bytes alone.
  const auto read = decode_instance_attributes(attributes);
  REQUIRE(read.has_value());
  REQUIRE(find(read->study, rules::Tag(0x0010, 0x0020)) != nullptr);
  CHECK(find(read->study, rules::Tag(0x0010, 0x0020))->value == "ONC-301-007");
  CHECK(attributes.find("Secret") == std::string::npos);
  CHECK(workers.read_attributes(derived.substr(0, instance.prefix.size()), instance.transfer_syntax_uid) ==
        attributes);
}

TEST_CASE("an instance of another patient than the plan's is held") {
  const TemporaryFolder folder;
  const auto file = open_file(folder.write("ct.dcm", SyntheticInstance().file()));
  InstanceWorkers workers(config_of(1));
  for (int i = 0; i < 2; ++i) {
    const auto outcome = workers.deidentify(file.get(), {basic_rules(), subject_of("HOSP-78"), key});
    REQUIRE(std::holds_alternative<rules::Held>(outcome));
    CHECK(std::get<rules::Held>(outcome).causes.front().reason == rules::HoldReason::subject_mismatch);
    const auto good = workers.deidentify(file.get(), {basic_rules(), subject_of("HOSP-77"), key});
    CHECK(std::holds_alternative<DeidentifiedInstance>(good));
  }
}

TEST_CASE("a key that is too short is the plan's mistake and says so") {
  const TemporaryFolder folder;
  const auto file = open_file(folder.write("ct.dcm", SyntheticInstance().file()));
  InstanceWorkers workers(config_of(1));
  const std::vector<std::uint8_t> short_key(8, 1);
  const auto outcome = workers.deidentify(file.get(), {basic_rules(), subject_of("HOSP-77"), short_key});
  REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
  CHECK(std::get<WorkerFailure>(outcome).reason.find("plan") != std::string::npos);
}

TEST_CASE("a data set is encoded anew, and back, with the same values") {
  InstanceWorkers workers(config_of(1));
  const TemporaryFolder folder;
  const SyntheticInstance instance;
  constexpr std::string_view explicit_le = "1.2.840.10008.1.2.1";
  constexpr std::string_view implicit_le = "1.2.840.10008.1.2";
  const auto file = open_file(folder.write("explicit", "head" + instance.data_set()));
  auto implicit = workers.reencode(file.get(), 4, explicit_le, implicit_le);
  auto* there = std::get_if<ReencodedDataSet>(&implicit);
  REQUIRE(there != nullptr);
  CHECK(there->size_bytes < instance.data_set().size());
  const auto back = workers.reencode(there->file.get(), 0, implicit_le, explicit_le);
  const auto* again = std::get_if<ReencodedDataSet>(&back);
  REQUIRE(again != nullptr);
  std::vector<std::uint8_t> bytes(again->size_bytes);
  REQUIRE(storage::read_fd_at(again->file.get(), 0, bytes, "test").value() == bytes.size());
  CHECK(std::string(bytes.begin(), bytes.end()) == instance.data_set());
}

TEST_CASE("a data set that cannot be read, or is in no known encoding, is not encoded anew") {
  InstanceWorkers workers(config_of(1));
  const TemporaryFolder folder;
  const SyntheticInstance instance;
  const std::string whole = instance.data_set();
  const auto cut = open_file(folder.write("cut", whole.substr(0, whole.size() - 300)));
  const auto file = open_file(folder.write("whole", whole));
  const auto reason_of = [](const ReencodeOutcome& outcome) {
    const auto* failure = std::get_if<WorkerFailure>(&outcome);
    return failure == nullptr ? std::string() : std::string(to_string(failure->kind));
  };
  CHECK(reason_of(workers.reencode(cut.get(), 0, "1.2.840.10008.1.2.1", "1.2.840.10008.1.2")) ==
        "unreadable");
  CHECK(reason_of(workers.reencode(file.get(), 0, "1.2.3", "1.2.840.10008.1.2")) == "unreadable");
  CHECK(reason_of(workers.reencode(file.get(), whole.size(), "1.2.840.10008.1.2.1", "1.2.840.10008.1.2")) ==
        "unreadable");
}
