#include "rules/evaluate/header_quantities.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

namespace trialgate::rules {
namespace {

using namespace std::chrono_literals;
using Microseconds = std::chrono::microseconds;
using Instant = AcquisitionInstant;

std::optional<Instant> instant_of(const Read<DateTime>& read) {
  if (!read || read.value.date_components < 3 || !read.value.time) return std::nullopt;
  return std::chrono::sys_days{read.value.date} + read.value.time->since_midnight;
}

/// Acquisition DateTime, else Acquisition Date and Time.
std::optional<Instant> acquired_at(const InstanceRecord& record) {
  if (const auto text = record.text("AcquisitionDateTime")) {
    if (const auto instant = instant_of(parse_date_time(*text))) return instant;
  }
  const auto date_text = record.text("AcquisitionDate");
  const auto time_text = record.text("AcquisitionTime");
  if (!date_text || !time_text) return std::nullopt;
  const auto date = parse_date(*date_text);
  const auto time = parse_time(*time_text);
  if (!date || !time) return std::nullopt;
  return std::chrono::sys_days{*date} + time.value.since_midnight;
}

/// The last time before `acquired` that a clock without date showed `time`.
Instant last_time_of_day(Instant acquired, Microseconds time) {
  const Instant same_day = std::chrono::floor<std::chrono::days>(acquired) + time;
  // Half a day is longer than any delay between injection and scan.
  return same_day > acquired + 12h ? same_day - 24h : same_day;
}

const Text no_acquisition{"the time of acquisition is absent or malformed", "缺少采集时间或其格式有误"};

}  // namespace

std::optional<Instant> first_acquisition(const Stack& stack) {
  std::optional<Instant> first;
  for (const InstanceRecord* const record : stack.records) {
    const auto instant = acquired_at(*record);
    if (!instant) return std::nullopt;
    if (!first || *instant < *first) first = instant;
  }
  return first;
}

std::string instant_text(AcquisitionInstant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

Value phase_delay(const Stack& stack) {
  const auto acquired = first_acquisition(stack);
  if (!acquired) return unknown_value(no_acquisition);
  const auto text = stack.records.front()->text("ContrastBolusStartTime");
  const auto start = text ? parse_time(*text) : Read<TimeOfDay>{};
  if (!start)
    return unknown_value({"Contrast/Bolus Start Time is absent or malformed", "缺少造影剂注射开始时间"});
  const auto delay = *acquired - last_time_of_day(*acquired, start.value.since_midnight);
  if (delay < 0s || delay > 1h) {
    return unknown_value(
        {"contrast start and acquisition are not of one injection", "注射时间与采集时间不属于同一次注射"});
  }
  return known_number(std::chrono::duration<double>(delay).count());
}

Value uptake_time(const Stack& stack) {
  const auto acquired = first_acquisition(stack);
  if (!acquired) return unknown_value(no_acquisition);
  const InstanceRecord& record = *stack.records.front();
  std::optional<Instant> start;
  if (const auto text =
          record.text("RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime")) {
    start = instant_of(parse_date_time(*text));
  }
  if (!start) {
    const auto text = record.text("RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime");
    const auto time = text ? parse_time(*text) : Read<TimeOfDay>{};
    if (!time) {
      return unknown_value(
          {"the start of the radiopharmaceutical is absent or malformed", "缺少放射性药物注射时间"});
    }
    start = last_time_of_day(*acquired, time.value.since_midnight);
  }
  const auto uptake = *acquired - *start;
  if (uptake < 0s || uptake > 24h) {
    return unknown_value(
        {"injection and acquisition times contradict each other", "注射时间与采集时间相互矛盾"});
  }
  return known_number(std::chrono::duration<double, std::ratio<60>>(uptake).count());
}

}  // namespace trialgate::rules
