#include "rules/evaluate/scanner.h"

#include "rules/dataset/values.h"
#include "rules/evaluate/condition.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace trialgate::rules {
namespace {

struct Vendor {
  std::string_view spelling;  ///< part of Manufacturer, upper case
  std::string_view name;
};

constexpr std::array vendors = std::to_array<Vendor>({
    {"SIEMENS", "Siemens"},
    {"GE MEDICAL", "GE"},
    {"GE HEALTHCARE", "GE"},
    {"GENERAL ELECTRIC", "GE"},
    {"PHILIPS", "Philips"},
    {"MARCONI", "Philips"},
    {"ADAC", "Philips"},
    {"TOSHIBA", "Canon"},
    {"CANON", "Canon"},
    {"UIH", "United Imaging"},
    {"UNITED IMAGING", "United Imaging"},
    {"联影", "United Imaging"},
    {"HITACHI", "Fujifilm"},
    {"FUJI", "Fujifilm"},
    {"NEUSOFT", "Neusoft"},
    {"东软", "Neusoft"},
});

/// What de-identification and careless software write instead of a name or number: it identifies nothing.
constexpr std::array empty_words =
    std::to_array<std::string_view>({"anon", "anonymized", "anonymised", "anonymous", "none", "unknown",
                                     "n/a", "na", "removed", "deidentified", "-", "0"});

std::string identity_text(const InstanceRecord& record, std::string_view path) {
  const auto text = record.text(path);
  if (!text) return {};
  const bool says_nothing =
      std::ranges::any_of(empty_words, [&](std::string_view word) { return same_text(*text, word); });
  return says_nothing ? std::string() : std::string(trim(*text));
}

}  // namespace

std::string Scanner::in_words() const {
  const std::string kind = model.empty() ? manufacturer : model;
  if (!serial.empty()) return "serial " + serial + (kind.empty() ? "" : " (" + kind + ")");
  if (!station.empty()) return "station " + station + (kind.empty() ? "" : " (" + kind + ")");
  return kind.empty() ? "not named" : kind;
}

Scanner scanner_of(const InstanceRecord& record) {
  return {identity_text(record, "Manufacturer"), identity_text(record, "ManufacturerModelName"),
          identity_text(record, "StationName"), identity_text(record, "DeviceSerialNumber")};
}

CheckResult same_scanner(const Scanner& a, const Scanner& b) {
  if (!a.manufacturer.empty() && !b.manufacturer.empty() &&
      !same_text(vendor_of(a.manufacturer), vendor_of(b.manufacturer))) {
    return CheckResult::fail;
  }
  if (!a.serial.empty() && !b.serial.empty()) {
    return same_text(a.serial, b.serial) ? CheckResult::pass : CheckResult::fail;
  }
  if (a.model.empty() || b.model.empty()) return CheckResult::not_determinable;
  if (!same_text(a.model, b.model)) return CheckResult::fail;
  if (a.station.empty() || b.station.empty()) return CheckResult::not_determinable;
  return same_text(a.station, b.station) ? CheckResult::pass : CheckResult::fail;
}

std::string vendor_of(std::string_view manufacturer) {
  std::string upper(trim(manufacturer));
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper == "GE") return "GE";
  for (const Vendor& vendor : vendors) {
    if (upper.find(vendor.spelling) != std::string::npos) return std::string(vendor.name);
  }
  return std::string(trim(manufacturer));
}

namespace {

/// Whether a row of the register is for this make of scanner at this site, serial number aside.
bool is_of_make(const QualifiedScanner& row, std::string_view site, const Scanner& scanner) {
  return row.site == site && same_text(vendor_of(row.manufacturer), vendor_of(scanner.manufacturer)) &&
         same_text(row.model, scanner.model);
}

}  // namespace

Qualification qualification_of(const Scanners& scanners, std::string_view site, const Scanner& scanner,
                               const std::optional<Date>& date) {
  if (scanner.model.empty()) return Qualification::not_determinable;
  bool needs_serial = false;
  bool is_registered = false;
  for (const QualifiedScanner& row : scanners.qualified) {
    if (!is_of_make(row, site, scanner)) continue;
    if (!row.serial.empty() && scanner.serial.empty()) {
      needs_serial = true;
      continue;
    }
    if (!row.serial.empty() && !same_text(row.serial, scanner.serial)) continue;
    is_registered = true;
    const bool has_limit = row.qualified_from || row.qualified_until;
    if (has_limit && !date) return Qualification::not_determinable;
    const bool too_early = row.qualified_from && *date < *row.qualified_from;
    const bool too_late = row.qualified_until && *date > *row.qualified_until;
    if (!too_early && !too_late) return Qualification::qualified;
  }
  if (is_registered) return Qualification::not_on_date;
  return needs_serial ? Qualification::not_determinable : Qualification::not_registered;
}

std::optional<int> days_since_phantom(const Scanners& scanners, std::string_view site, const Scanner& scanner,
                                      Date date) {
  std::optional<Date> last;
  for (const QualifiedScanner& row : scanners.qualified) {
    if (!is_of_make(row, site, scanner)) continue;
    if (!row.serial.empty() && !same_text(row.serial, scanner.serial)) continue;
    for (const Date phantom : row.phantom_dates) {
      if (phantom <= date) last = std::max(last, std::optional(phantom));
    }
  }
  if (!last) return std::nullopt;
  return static_cast<int>((date - *last).count());
}

void keep_scanner(const Scanner& scanner, SlotFacts& facts) {
  facts["scanner.manufacturer"] = {{scanner.manufacturer}, std::nullopt};
  facts["scanner.model"] = {{scanner.model}, std::nullopt};
  facts["scanner.station"] = {{scanner.station}, std::nullopt};
  facts["scanner.serial"] = {{scanner.serial}, std::nullopt};
}

Scanner scanner_from(const SlotFacts& facts) {
  const auto text = [&](std::string_view name) {
    const auto found = facts.find(name);
    return found == facts.end() || found->second.texts.empty() ? std::string() : found->second.texts.front();
  };
  return {text("scanner.manufacturer"), text("scanner.model"), text("scanner.station"),
          text("scanner.serial")};
}

}  // namespace trialgate::rules
