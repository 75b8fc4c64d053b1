#include "gateway/worker/instance_replies.h"

#include "gateway/catalogue/attributes.h"
#include "rules/dataset/values.h"

#include <optional>
#include <string_view>
#include <utility>

namespace trialgate::gateway {
namespace {

// A reason comes from the worker and goes to logs: short, and nothing that breaks a line.
constexpr std::size_t max_reason_characters = 300;

WorkerFailure bad_reply(std::string_view what) {
  return {WorkerFailure::Kind::bad_reply, 0, "the worker's answer has no valid " + std::string(what)};
}

std::string printable(std::string_view text) {
  std::string result(text.substr(0, max_reason_characters));
  for (char& character : result) {
    if (static_cast<unsigned char>(character) < 0x20 || static_cast<unsigned char>(character) > 0x7E) {
      character = '?';
    }
  }
  return result;
}

/// Set when the outcome is a failure already, or the worker says that it could not.
std::optional<WorkerFailure> failure_in(JobOutcome& outcome) {
  if (auto* failure = std::get_if<WorkerFailure>(&outcome)) return std::move(*failure);
  const auto& header = std::get<JobReply>(outcome).header;
  const auto* error = header.if_contains("error");
  if (error == nullptr) return std::nullopt;
  return WorkerFailure{WorkerFailure::Kind::unreadable, 0,
                       error->is_string() ? printable(error->get_string()) : std::string("not given")};
}

/// Reads members of an answer; remembers the first that is not as it must be.
class ReplyReader {
 public:
  explicit ReplyReader(const boost::json::object& header) : header_(header) {}

  std::string text(std::string_view name) {
    const auto* value = header_.if_contains(name);
    if (value == nullptr || !value->is_string()) return problem(name), std::string();
    return std::string(value->get_string());
  }
  std::string uid(std::string_view name) {
    std::string value = text(name);
    if (!rules::is_valid_uid(value)) problem(name);
    return value;
  }
  std::uint64_t number(std::string_view name) {
    const auto* value = header_.if_contains(name);
    if (value == nullptr) return problem(name), 0;
    boost::system::error_code error;
    const auto number = value->to_number<std::uint64_t>(error);
    if (error) problem(name);
    return error ? 0 : number;
  }
  void problem(std::string_view name) {
    if (problem_.empty()) problem_ = name;
  }
  [[nodiscard]] const std::string& first_problem() const { return problem_; }

 private:
  const boost::json::object& header_;
  std::string problem_;
};

/// Moves prefix, suffix and attributes out of the body, once the lengths are known to add up.
bool split_body(std::vector<std::uint8_t> body, std::uint64_t prefix_bytes, std::uint64_t suffix_bytes,
                DeidentifiedInstance& result) {
  if (prefix_bytes > body.size() || suffix_bytes > body.size() - prefix_bytes) return false;
  const auto suffix = body.begin() + static_cast<std::ptrdiff_t>(prefix_bytes);
  const auto attributes = suffix + static_cast<std::ptrdiff_t>(suffix_bytes);
  result.instance.suffix.assign(suffix, attributes);
  result.attributes.assign(attributes, body.end());
  body.erase(suffix, body.end());
  result.instance.prefix = std::move(body);
  return decode_instance_attributes(result.attributes).has_value();
}

std::vector<std::uint8_t> to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

}  // namespace

WorkerReply examine_reply(const rules::InstanceRecord& record, std::string_view attributes) {
  return {{{"record", rules::to_json(record)}}, to_bytes(attributes)};
}

WorkerReply attributes_reply(std::string_view attributes) {
  return {{}, to_bytes(attributes)};
}

WorkerReply held_reply(const rules::Held& held) {
  return {{{"held", rules::to_json(held)}}, {}};
}

WorkerReply error_reply(std::string reason) {
  return {{{"error", std::move(reason)}}, {}};
}

WorkerReply deidentify_reply(rules::Deidentified instance, std::string data_set_digest,
                             std::string_view attributes) {
  WorkerReply reply;
  reply.header = {{"prefix_bytes", instance.prefix.size()},
                  {"suffix_bytes", instance.suffix.size()},
                  {"pixel_offset", instance.pixel_offset},
                  {"pixel_length", instance.pixel_length},
                  {"new_pixels", instance.new_pixels != nullptr},
                  {"transfer_syntax_uid", instance.transfer_syntax_uid},
                  {"sop_class_uid", instance.sop_class_uid},
                  {"sop_instance_uid", instance.sop_instance_uid},
                  {"study_uid", instance.study_uid},
                  {"series_uid", instance.series_uid},
                  {"source_sop_instance_uid", instance.source_sop_instance_uid},
                  {"source_study_uid", instance.source_study_uid},
                  {"source_series_uid", instance.source_series_uid},
                  {"data_set_digest", std::move(data_set_digest)},
                  {"report", rules::to_json(instance.report)}};
  reply.body = std::move(instance.prefix);
  reply.body.insert(reply.body.end(), instance.suffix.begin(), instance.suffix.end());
  reply.body.insert(reply.body.end(), attributes.begin(), attributes.end());
  return reply;
}

ExamineOutcome examine_outcome(JobOutcome outcome) {
  if (auto failure = failure_in(outcome)) return std::move(*failure);
  auto& reply = std::get<JobReply>(outcome);
  const auto* json = reply.header.if_contains("record");
  if (json == nullptr) return bad_reply("record");
  auto record = rules::instance_record_from_json(*json);
  if (!record) return bad_reply("record");
  std::string attributes(reply.body.begin(), reply.body.end());
  if (!decode_instance_attributes(attributes)) return bad_reply("attributes");
  return ExaminedInstance{std::move(*record), std::move(attributes)};
}

std::optional<std::string> attributes_outcome(JobOutcome outcome) {
  if (failure_in(outcome)) return std::nullopt;
  const auto& reply = std::get<JobReply>(outcome);
  std::string attributes(reply.body.begin(), reply.body.end());
  if (!decode_instance_attributes(attributes)) return std::nullopt;
  return attributes;
}

DeidentifyOutcome deidentify_outcome(JobOutcome outcome, std::uint64_t file_bytes, PixelSpool& spool) {
  if (auto failure = failure_in(outcome)) return std::move(*failure);
  auto& reply = std::get<JobReply>(outcome);
  if (const auto* json = reply.header.if_contains("held")) {
    auto held = rules::held_from_json(*json);
    if (!held || held->causes.empty()) return bad_reply("held");
    return std::move(*held);
  }
  DeidentifiedInstance result;
  rules::Deidentified& instance = result.instance;
  ReplyReader reader(reply.header);
  const std::uint64_t prefix_bytes = reader.number("prefix_bytes");
  const std::uint64_t suffix_bytes = reader.number("suffix_bytes");
  instance.pixel_offset = reader.number("pixel_offset");
  instance.pixel_length = reader.number("pixel_length");
  instance.transfer_syntax_uid = reader.uid("transfer_syntax_uid");
  instance.sop_class_uid = reader.uid("sop_class_uid");
  instance.sop_instance_uid = reader.uid("sop_instance_uid");
  instance.study_uid = reader.uid("study_uid");
  instance.series_uid = reader.uid("series_uid");
  instance.source_sop_instance_uid = reader.text("source_sop_instance_uid");
  instance.source_study_uid = reader.text("source_study_uid");
  instance.source_series_uid = reader.text("source_series_uid");
  if (const auto digest = storage::Digest::from_hex(reader.text("data_set_digest"))) {
    result.data_set_digest = *digest;
  } else {
    reader.problem("data_set_digest");
  }
  const auto* new_pixels = reply.header.if_contains("new_pixels");
  if (new_pixels == nullptr || !new_pixels->is_bool()) reader.problem("new_pixels");
  if (new_pixels != nullptr && new_pixels->is_bool() && new_pixels->get_bool()) {
    file_bytes = spool.size_bytes();
    result.new_pixels = spool.take_file();
    if (!result.new_pixels || instance.pixel_length != file_bytes) reader.problem("new_pixels");
  }
  if (instance.pixel_offset > file_bytes || instance.pixel_length > file_bytes - instance.pixel_offset) {
    reader.problem("pixel_offset");
  }
  const auto* report_json = reply.header.if_contains("report");
  if (auto report =
          rules::deidentification_report_from_json(report_json ? *report_json : boost::json::value())) {
    instance.report = std::move(*report);
  } else {
    reader.problem("report");
  }
  if (!split_body(std::move(reply.body), prefix_bytes, suffix_bytes, result)) reader.problem("prefix_bytes");
  if (!reader.first_problem().empty()) return bad_reply(reader.first_problem());
  return result;
}

ReencodeOutcome reencode_outcome(JobOutcome outcome, PixelSpool& spool) {
  if (auto failure = failure_in(outcome)) return std::move(*failure);
  ReplyReader reader(std::get<JobReply>(outcome).header);
  ReencodedDataSet result;
  result.size_bytes = reader.number("bytes");
  const std::uint64_t came = spool.size_bytes();
  result.file = spool.take_file();
  if (!result.file || result.size_bytes != came || came % 2 != 0) reader.problem("bytes");
  if (!reader.first_problem().empty()) return bad_reply(reader.first_problem());
  return result;
}

}  // namespace trialgate::gateway
