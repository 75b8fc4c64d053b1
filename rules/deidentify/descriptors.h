#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace trialgate::rules {

/// How Clean Descriptors (PS3.15 §E.3.5) cleans a text: only words that are known to describe imaging pass,
/// and short measures ("5mm", "3.0T"); everything else goes. A list of what may stay cannot be fooled by a
/// name that nobody foresaw. Immutable; any thread.
class DescriptorWords {
 public:
  /// `terms` are words that pass besides the built-in ones, ASCII; `patterns` are ECMAScript expressions, a
  /// word that one of them matches as a whole passes. check() has found nothing wrong with them.
  DescriptorWords(const std::vector<std::string>& terms, const std::vector<std::string>& patterns);
  /// One sentence for each term or pattern that cannot be used.
  [[nodiscard]] static std::vector<std::string> check(const std::vector<std::string>& terms,
                                                      const std::vector<std::string>& patterns);

  /// The words of `utf8` that pass, in their order, ASCII only; empty when none does.
  [[nodiscard]] std::string clean(std::string_view utf8) const;

 private:
  [[nodiscard]] bool passes(std::string_view word) const;

  std::unordered_set<std::string> terms_;  // lower case
  std::vector<std::regex> patterns_;
};

}  // namespace trialgate::rules
