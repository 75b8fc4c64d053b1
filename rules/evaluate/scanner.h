#pragma once

#include "rules/evaluate/verdict.h"
#include "rules/examine/instance_record.h"
#include "rules/trial/trial.h"

#include <optional>
#include <string>

namespace trialgate::rules {

/// What identifies a scanner in a header.
struct Scanner {
  std::string manufacturer;  ///< Manufacturer (0008,0070)
  std::string model;         ///< Manufacturer's Model Name (0008,1090)
  std::string station;       ///< Station Name (0008,1010)
  std::string serial;        ///< Device Serial Number (0018,1000)

  /// "serial 12345 (Model)" or what there is.
  [[nodiscard]] std::string in_words() const;
  friend bool operator==(const Scanner&, const Scanner&) = default;
};

[[nodiscard]] Scanner scanner_of(const InstanceRecord& record);

/// Vendors are different scanners, through spellings and mergers; serial numbers decide when both are known;
/// else station and model; else different models are different scanners, and the same model proves nothing.
[[nodiscard]] CheckResult same_scanner(const Scanner& a, const Scanner& b);

/// "GE" for GE MEDICAL SYSTEMS and GE Healthcare, "Canon" for Toshiba too: one name through spellings and
/// mergers.
[[nodiscard]] std::string vendor_of(std::string_view manufacturer);

/// Whether the register has this scanner at this site, qualified on `date`.
enum class Qualification : std::uint8_t { qualified, not_on_date, not_registered, not_determinable };
[[nodiscard]] Qualification qualification_of(const Scanners& scanners, std::string_view site,
                                             const Scanner& scanner, const std::optional<Date>& date);

/// Days from the scanner's last accepted phantom scan to `date`. Nothing when the register has none before.
[[nodiscard]] std::optional<int> days_since_phantom(const Scanners& scanners, std::string_view site,
                                                    const Scanner& scanner, Date date);

void keep_scanner(const Scanner& scanner, SlotFacts& facts);
[[nodiscard]] Scanner scanner_from(const SlotFacts& facts);

}  // namespace trialgate::rules
