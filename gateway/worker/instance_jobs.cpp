#include "gateway/catalogue/attributes.h"
#include "gateway/worker/frame.h"
#include "gateway/worker/instance_replies.h"
#include "gateway/worker/job_table.h"
#include "rules/dataset/charset.h"
#include "rules/dataset/dictionary.h"
#include "rules/deidentify/deidentify.h"
#include "rules/deidentify/identity.h"
#include "rules/examine/instance_record.h"
#include "rules/pixels/frame_decoder.h"
#include "rules/pixels/uncompressed.h"
#include "storage/digest.h"
#include "storage/file_system.h"

#include <boost/json/parse.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace trialgate::gateway {
namespace {

/// A file in memory, for reading.
class MappedFile {
 public:
  explicit MappedFile(int file) {
    const off_t size = ::lseek(file, 0, SEEK_END);
    if (size <= 0) return;
    void* address = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_PRIVATE, file, 0);
    if (address == MAP_FAILED) return;
    bytes_ = {static_cast<const std::uint8_t*>(address), static_cast<std::size_t>(size)};
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
  }

  /// Empty when there is nothing, or it could not be mapped.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// Whether deflated data sets are taken at all is the listener's decision; what was stored is read. Their
/// pixels go back with the answer, whose length is bounded.
rules::Limits limits() {
  rules::Limits limits;
  limits.allow_deflated = true;
  limits.max_inflated_bytes = 48ULL << 20U;
  return limits;
}

/// What queries find of a data set, or of its first bytes. Nothing that can be read has no attributes.
std::string attributes_of(std::span<const std::uint8_t> data_set, std::string_view transfer_syntax_uid) {
  const auto* const syntax = rules::find_transfer_syntax(transfer_syntax_uid);
  if (syntax == nullptr) return encode(InstanceAttributes());
  const auto parsed = rules::parse(data_set, *syntax);
  return encode(parsed ? read_instance_attributes(*parsed) : InstanceAttributes());
}

WorkerReply read_attributes_job(const WorkerRequest& request) {
  return attributes_reply(
      attributes_of(request.body, std::string(request.header.at("transfer_syntax_uid").as_string())));
}

constexpr const char* nothing_to_read = "the file is empty or cannot be mapped";

WorkerReply examine_job(const WorkerRequest& request) {
  std::vector<std::string> extra_paths;
  for (const auto& path : request.header.at("extra_paths").as_array()) {
    extra_paths.emplace_back(path.as_string());
  }
  const MappedFile file(request.file);
  if (file.bytes().empty()) return error_reply(nothing_to_read);
  const auto view = rules::parse_file(file.bytes());
  if (!view) return error_reply(view.error().message());
  const auto data_set =
      rules::parse(file.bytes().subspan(view->data_set_offset), *view->transfer_syntax, limits());
  if (!data_set) return error_reply(data_set.error().message());
  const auto record = rules::examine(*view, *data_set, extra_paths);
  return record ? examine_reply(*record, encode(read_instance_attributes(*data_set)))
                : error_reply(record.error().message());
}

/// A plan as the worker uses it.
struct ReadPlan {
  std::string text;
  rules::CompiledRules rules;
  rules::DeidentificationSubject subject;
  rules::Identity identity;
};

std::optional<std::vector<std::uint8_t>> bytes_of_hex(std::string_view text) {
  const auto digit = [](char character) -> int {
    if (character >= '0' && character <= '9') return character - '0';
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
  };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

/// Keeps the newest plan: the instances of a submission come one after another.
class PlanReader {
 public:
  /// Null when the text is no plan; reason() says why.
  const ReadPlan* read(std::string_view text) {
    if (!plan_ || plan_->text != text) {
      plan_.reset();
      reason_ = parse(text);
    }
    return plan_.get();
  }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::string parse(std::string_view text) {
    boost::system::error_code error;
    const boost::json::value json = boost::json::parse(text, error);
    if (error || !json.is_object()) return "the plan is not JSON";
    const auto& object = json.get_object();
    auto rules = rules::deidentification_rules_from_json(object.at("rules"));
    if (!rules) return rules.error().message();
    auto compiled = rules::CompiledRules::compile(std::move(*rules));
    if (!compiled) return compiled.error().message();
    auto subject = rules::deidentification_subject_from_json(object.at("subject"));
    if (!subject) return subject.error().message();
    const auto key = bytes_of_hex(object.at("key").as_string());
    if (!key) return "the key is not hexadecimal";
    auto identity = rules::Identity::create(*key);
    if (!identity) return identity.error().message();
    plan_.reset(
        new ReadPlan{std::string(text), std::move(*compiled), std::move(*subject), std::move(*identity)});
    return {};
  }

  std::unique_ptr<ReadPlan> plan_;
  std::string reason_;
};

constexpr std::size_t digest_step_bytes = 256U << 10U;

/// Adds the pixel range of the file; false when the file ends before it does. Reads instead of using the
/// mapping: mapped pages of a large instance would all count as resident memory of the worker.
bool digest_range(storage::DigestBuilder& builder, const rules::Deidentified& instance, int file) {
  std::vector<std::uint8_t> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(instance.pixel_length, digest_step_bytes)));
  for (std::uint64_t done = 0; done < instance.pixel_length;) {
    const std::span<std::uint8_t> part(buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(
                                                          instance.pixel_length - done, buffer.size())));
    const auto got = storage::read_fd_at(file, instance.pixel_offset + done, part, "instance");
    if (!got || *got != part.size()) return false;
    builder.update(part);
    done += part.size();
  }
  return true;
}

/// Sends bytes in parts of a good size.
class PartSender {
 public:
  explicit PartSender(const WorkerRequest& request) : request_(request) {}

  bool add(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), max_part_bytes - part_.size());
      part_.insert(part_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
      sent_bytes_ += count;
      if (part_.size() == max_part_bytes && !flush()) return false;
    }
    return true;
  }
  bool flush() {
    const bool sent = part_.empty() || request_.send_part(part_);
    part_.clear();
    return sent;
  }
  [[nodiscard]] std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }

 private:
  const WorkerRequest& request_;
  std::vector<std::uint8_t> part_;
  std::uint64_t sent_bytes_ = 0;
};

/// Makes and sends the new pixel data, and says in the instance how many bytes they are.
rules::Result<void> send_new_pixels(storage::DigestBuilder& builder, rules::Deidentified& instance,
                                    const WorkerRequest& request) {
  PartSender sender(request);
  const auto written = instance.new_pixels->write([&](std::span<const std::uint8_t> bytes) {
    builder.update(bytes);
    return sender.add(bytes);
  });
  if (!written) return written;
  if (!sender.flush()) return rules::fail(rules::Errc::held, "the node does not take the new pixel data");
  instance.pixel_length = sender.sent_bytes();
  return {};
}

WorkerReply deidentify_job(PlanReader& plans, const WorkerRequest& request) {
  const ReadPlan* plan =
      plans.read({reinterpret_cast<const char*>(request.body.data()), request.body.size()});
  if (plan == nullptr) return error_reply("de-identification plan: " + plans.reason());
  const MappedFile file(request.file);
  if (file.bytes().empty()) return error_reply(nothing_to_read);
  auto outcome = rules::deidentify(file.bytes(), plan->rules, plan->subject, plan->identity, limits());
  if (const auto* held = std::get_if<rules::Held>(&outcome)) return held_reply(*held);
  auto& instance = std::get<rules::Deidentified>(outcome);
  storage::DigestBuilder builder;
  builder.update(instance.prefix);
  if (instance.new_pixels) {
    if (auto sent = send_new_pixels(builder, instance, request); !sent) {
      return held_reply(rules::held_for_pixels(sent.error()));
    }
  } else if (!digest_range(builder, instance, request.file)) {
    return error_reply("the pixel data cannot be read");
  }
  builder.update(instance.suffix);
  const std::string attributes = attributes_of(instance.prefix, instance.transfer_syntax_uid);
  return deidentify_reply(std::move(instance), builder.finish().hex(), attributes);
}

/// The whole result goes in parts: the answer only says that it is complete.
WorkerReply reencode_job(const WorkerRequest& request) {
  const auto text = [&request](const char* key) { return std::string(request.header.at(key).as_string()); };
  const rules::TransferSyntax* from = rules::find_transfer_syntax(text("from"));
  const auto offset = request.header.at("offset").to_number<std::uint64_t>();
  const MappedFile file(request.file);
  if (file.bytes().size() <= offset) return error_reply(nothing_to_read);
  if (from == nullptr) return error_reply("the transfer syntax is not known");
  PartSender sender(request);
  const auto written = rules::write_uncompressed(file.bytes().subspan(offset), *from, text("to"), limits(),
                                                 [&](auto bytes) { return sender.add(bytes); });
  if (!written) return error_reply(written.error().message());
  if (!sender.flush()) return error_reply("the node does not take the data set");
  return {{{"bytes", sender.sent_bytes()}}, {}};
}

std::string load_tables() {
  if (auto loaded = rules::load_dictionary(); !loaded) return loaded.error().message();
  if (auto loaded = rules::load_character_sets(); !loaded) return loaded.error().message();
  rules::prepare_codecs();
  // OpenSSL reads its configuration with the first digest and the first HMAC.
  static_cast<void>(storage::DigestBuilder().finish());
  constexpr std::array<std::uint8_t, rules::Identity::min_key_bytes> key{};
  if (auto identity = rules::Identity::create(key)) static_cast<void>(identity->key_check());
  return {};
}

}  // namespace

JobTable instance_job_table() {
  JobTable table;
  table.prepare = load_tables;
  table.jobs["examine"] = examine_job;
  table.jobs["read_attributes"] = read_attributes_job;
  table.jobs["reencode"] = reencode_job;
  table.jobs["deidentify"] = [plans = std::make_shared<PlanReader>()](const WorkerRequest& request) {
    return deidentify_job(*plans, request);
  };
  return table;
}

}  // namespace trialgate::gateway
