#include "gateway/deliver/stow_response.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view referenced_sop_sequence = "00081199";
constexpr std::string_view failed_sop_sequence = "00081198";
constexpr std::string_view referenced_sop_instance_uid = "00081155";
constexpr std::string_view failure_reason = "00081197";
constexpr std::string_view warning_reason = "00081196";
/// PS3.7 §C.5.11: a failure without a reason that can be read.
constexpr std::uint16_t processing_failure = 0x0110;

/// The first value of an attribute; null when it has none.
const json::value* first_value(const json::object& data_set, std::string_view tag) {
  const json::value* attribute = data_set.if_contains(tag);
  const json::object* object = attribute == nullptr ? nullptr : attribute->if_object();
  const json::value* values = object == nullptr ? nullptr : object->if_contains("Value");
  const json::array* array = values == nullptr ? nullptr : values->if_array();
  return array == nullptr || array->empty() ? nullptr : &array->front();
}

const json::array* items_of(const json::object& data_set, std::string_view tag) {
  const json::value* attribute = data_set.if_contains(tag);
  const json::object* object = attribute == nullptr ? nullptr : attribute->if_object();
  const json::value* values = object == nullptr ? nullptr : object->if_contains("Value");
  return values == nullptr ? nullptr : values->if_array();
}

std::optional<std::uint16_t> reason_in(const json::object& item, std::string_view tag) {
  const json::value* value = first_value(item, tag);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->is_number() ? value->to_number<std::uint16_t>(error) : std::uint16_t{0};
  return error || number == 0 ? processing_failure : number;
}

/// One item of either sequence. False when it names no instance.
bool take(const json::value& entry, bool failed, StowResults& results) {
  const json::object* item = entry.if_object();
  if (item == nullptr) return false;
  const json::value* uid = first_value(*item, referenced_sop_instance_uid);
  if (uid == nullptr || !uid->is_string()) return false;
  std::uint16_t status = reason_in(*item, failed ? failure_reason : warning_reason)
                             .value_or(failed ? processing_failure : std::uint16_t{0});
  const auto [at, is_new] = results.emplace(std::string(uid->as_string()), status);
  if (!is_new && at->second == 0) at->second = status;
  return true;
}

}  // namespace

std::optional<StowResults> read_stow_response(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return std::nullopt;
  // One data set; some servers put it into an array, as answers to queries are.
  const json::array* const array = value.if_array();
  const json::value* const only = array != nullptr && array->size() == 1 ? &array->front() : &value;
  const json::object* const data_set = only->if_object();
  if (data_set == nullptr) return std::nullopt;
  StowResults results;
  for (const bool failed : {false, true}) {
    const json::array* const items =
        items_of(*data_set, failed ? failed_sop_sequence : referenced_sop_sequence);
    if (items == nullptr) continue;
    for (const json::value& item : *items) {
      if (!take(item, failed, results)) return std::nullopt;
    }
  }
  return results;
}

StowMeaning meaning_of(long http_status) noexcept {
  switch (http_status) {
    case 200:
    case 202:
    case 409:
      return StowMeaning::answered;
    case 401:
    case 403:
    case 404:
    case 407:
    case 408:
    case 429:
      return StowMeaning::away;
    default:
      return http_status >= 400 && http_status < 500 ? StowMeaning::refused : StowMeaning::away;
  }
}

}  // namespace trialgate::gateway
