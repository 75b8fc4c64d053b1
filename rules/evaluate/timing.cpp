#include "rules/dataset/values.h"
#include "rules/evaluate/header_quantities.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {
namespace {

using namespace std::chrono_literals;
using Microseconds = std::chrono::microseconds;
using Instant = AcquisitionInstant;

std::optional<Instant> instant_of(const Read<DateTime>& read) {
  if (!read || read.value.date_components < 3 || !read.value.time) return std::nullopt;
  return std::chrono::sys_days{read.value.date} + read.value.time->since_midnight;
}

/// When something was acquired; without date only the time of day counts.
struct Moment {
  Instant at;
  bool dated = true;
};

/// Acquisition DateTime, else Acquisition Date and Time, else the time alone.
std::optional<Moment> acquired_at(const InstanceRecord& record) {
  if (const auto text = record.text("AcquisitionDateTime")) {
    if (const auto instant = instant_of(parse_date_time(*text))) return Moment{*instant, true};
  }
  const auto time_text = record.text("AcquisitionTime");
  if (!time_text) return std::nullopt;
  const auto time = parse_time(*time_text);
  if (!time) return std::nullopt;
  const auto date_text = record.text("AcquisitionDate");
  if (!date_text) return Moment{Instant{} + time.value.since_midnight, false};
  const auto date = parse_date(*date_text);
  if (!date) return std::nullopt;
  return Moment{std::chrono::sys_days{*date} + time.value.since_midnight, true};
}

/// Of every slice of a stack; nothing when one does not say, or some have a date and others none.
std::optional<std::vector<Moment>> acquisitions_of(const Stack& stack) {
  std::vector<Moment> moments;
  const InstanceRecord* previous = nullptr;
  for (const Slice& slice : stack.slices) {
    const InstanceRecord& record = *slice.record;
    std::optional<Moment> moment;
    if (slice.frame < record.frames.size() && record.frames[slice.frame].acquisition_date_time) {
      const auto instant = instant_of(parse_date_time(*record.frames[slice.frame].acquisition_date_time));
      if (instant) moment = Moment{*instant, true};
    }
    if (!moment && &record == previous) continue;
    if (!moment) moment = acquired_at(record);
    previous = &record;
    if (!moment || (!moments.empty() && moments.front().dated != moment->dated)) return std::nullopt;
    moments.push_back(*moment);
  }
  return moments;
}

/// No scan takes half a day: times of day further apart lie on both sides of midnight, dates further apart
/// contradict each other.
constexpr auto longest_scan = 12h;

std::optional<Moment> first_moment(const Stack& stack) {
  auto moments = acquisitions_of(stack);
  if (!moments || moments->empty()) return std::nullopt;
  const auto last = std::ranges::max_element(*moments, {}, &Moment::at)->at;
  if (!moments->front().dated) {
    for (Moment& moment : *moments) {
      if (last - moment.at > longest_scan) moment.at += 24h;
    }
  }
  const Moment first = *std::ranges::min_element(*moments, {}, &Moment::at);
  if (last - first.at > longest_scan) return std::nullopt;
  return first;
}

/// The last time before `acquired` that a clock without date showed `time`.
Instant last_time_of_day(Instant acquired, Microseconds time) {
  const Instant same_day = std::chrono::floor<std::chrono::days>(acquired) + time;
  // Half a day is longer than any delay between injection and scan.
  if (same_day > acquired + 12h) return same_day - 24h;
  return same_day < acquired - 12h ? same_day + 24h : same_day;
}

const Text no_acquisition{"the time of acquisition is absent or malformed", "缺少采集时间或其格式有误"};
const Text differing_starts{"the instances name different injection times", "各实例的注射时间不一致"};

std::string first_value(const InstanceRecord& record, std::string_view path) {
  const auto text = record.text(path);
  return text ? std::string(trim(*text)) : std::string();
}

/// The one value that all instances of a stack have; nothing when they differ.
std::optional<std::string> common_value(const Stack& stack, std::string_view path) {
  const std::string value = first_value(*stack.records.front(), path);
  const bool agree = std::ranges::all_of(
      stack.records, [&](const InstanceRecord* record) { return first_value(*record, path) == value; });
  return agree ? std::optional(value) : std::nullopt;
}

/// Contrast/Bolus Start Time, of enhanced instances that of the administration.
std::optional<std::string> contrast_start(const Stack& stack) {
  const auto own = common_value(stack, "ContrastBolusStartTime");
  if (!own || !own->empty()) return own;
  return common_value(
      stack, "ContrastBolusAgentSequence[0].ContrastAdministrationProfileSequence[0].ContrastBolusStartTime");
}

}  // namespace

std::optional<Instant> first_acquisition(const Stack& stack) {
  const auto first = first_moment(stack);
  return first && first->dated ? std::optional(first->at) : std::nullopt;
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
  constexpr auto least = 2s;
  const auto acquired = first_moment(stack);
  if (!acquired) return unknown_value(no_acquisition);
  const auto text = contrast_start(stack);
  if (!text) return unknown_value(differing_starts);
  const auto start = parse_time(*text);
  if (!start)
    return unknown_value({"Contrast/Bolus Start Time is absent or malformed", "缺少造影剂注射开始时间"});
  const auto delay = acquired->at - last_time_of_day(acquired->at, start.value.since_midnight);
  if (delay < 0s) {
    return unknown_value({"contrast start is later than the acquisition, not of one injection",
                          "注射时间晚于采集时间，二者不属于同一次注射"});
  }
  if (delay < least) {
    return unknown_value(
        {"contrast start is the start of the scan itself", "注射开始时间与扫描开始时间相同"});
  }
  if (delay > 1h) {
    return unknown_value(
        {"contrast start and acquisition are not of one injection", "注射时间与采集时间不属于同一次注射"});
  }
  return known_number(std::chrono::duration<double>(delay).count());
}

namespace {

const Text no_injection{"the start of the radiopharmaceutical is absent or malformed",
                        "缺少放射性药物注射时间"};
const Text contradictory_times{"injection and acquisition times contradict each other",
                               "注射时间与采集时间相互矛盾"};

/// When the radiopharmaceutical was given, or why that is not known.
struct Injection {
  std::optional<Instant> at;
  bool dated = false;
  Text why;
};

Injection injection_of(const Stack& stack, const Moment& acquired) {
  const std::string drug = "RadiopharmaceuticalInformationSequence[0].";
  const auto date_time = common_value(stack, drug + "RadiopharmaceuticalStartDateTime");
  const auto time_text = common_value(stack, drug + "RadiopharmaceuticalStartTime");
  if (!date_time || !time_text) return {{}, false, differing_starts};
  const auto dated = instant_of(parse_date_time(*date_time));
  const auto time = parse_time(*time_text);
  if (!dated && !time) return {{}, false, no_injection};
  if (dated && acquired.dated) {
    const auto apart = time ? *dated - last_time_of_day(*dated, time.value.since_midnight) : 0s;
    if (apart < -1min || apart > 1min) {
      return {
          {},
          false,
          {"date-time and time of the injection contradict each other", "注射日期时间与注射时间相互矛盾"}};
    }
    return {dated, true, {}};
  }
  const auto of_day =
      time ? time.value.since_midnight
           : std::chrono::duration_cast<Microseconds>(*dated - std::chrono::floor<std::chrono::days>(*dated));
  return {last_time_of_day(acquired.at, of_day), false, {}};
}

}  // namespace

Value uptake_time(const Stack& stack) {
  constexpr auto longest = 20 * 24h;
  constexpr double half_day_s = 43'200;
  auto acquired = first_moment(stack);
  if (!acquired) return unknown_value(no_acquisition);
  const std::string ge_scan = first_value(*stack.records.front(), "GEMS_PETD_01:(0009,xx0D)");
  if (const auto scan = instant_of(parse_date_time(ge_scan)); scan && acquired->dated) {
    acquired->at = std::min(acquired->at, *scan);
  }
  const Injection injection = injection_of(stack, *acquired);
  if (!injection.at) return unknown_value(injection.why);
  const Nuclide* const nuclide = nuclide_of(*stack.records.front());
  if (!injection.dated && nuclide != nullptr && nuclide->half_life_s > half_day_s) {
    return unknown_value({"the injection has no date, and the nuclide is imaged over days",
                          "注射时间无日期，而该核素可在数日后成像"});
  }
  const auto uptake = acquired->at - *injection.at;
  if (uptake < 0s || uptake > longest) return unknown_value(contradictory_times);
  if (uptake < 1min) {
    return unknown_value({"the injection time is that of the scan itself", "注射时间与扫描时间相同"});
  }
  return known_number(std::chrono::duration<double, std::ratio<60>>(uptake).count());
}

}  // namespace trialgate::rules
