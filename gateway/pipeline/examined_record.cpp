#include "gateway/pipeline/examined_record.h"

#include "storage/digest.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <set>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::string_view fingerprint_member = "examined_for";

}  // namespace

ExaminedPaths examined_paths(const TrialSet& trials) {
  std::set<std::string> paths;
  for (const TrialInForce& trial : trials)
    paths.insert(trial.trial->attribute_paths.begin(), trial.trial->attribute_paths.end());
  std::string text;
  for (const std::string& path : paths) text += path + '\n';
  storage::DigestBuilder builder;
  builder.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return {{paths.begin(), paths.end()}, builder.finish().hex()};
}

std::string encode(const rules::InstanceRecord& record, std::string_view fingerprint) {
  boost::json::value value = to_json(record);
  value.as_object()[fingerprint_member] = fingerprint;
  return boost::json::serialize(value);
}

storage::Result<ExaminedRecord> decode_examined_record(std::string_view bytes) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(bytes, error);
  if (error || !value.is_object()) return storage::fail(storage::Errc::corrupt, "the record of an instance");
  ExaminedRecord examined;
  if (const auto* const fingerprint = value.as_object().if_contains(fingerprint_member)) {
    if (fingerprint->is_string()) examined.fingerprint = fingerprint->as_string();
  }
  auto record = rules::instance_record_from_json(value);
  if (!record) return storage::fail(storage::Errc::corrupt, "the record of an instance");
  examined.record = std::move(*record);
  return examined;
}

}  // namespace trialgate::gateway
