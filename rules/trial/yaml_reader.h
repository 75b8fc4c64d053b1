#pragma once

#include "rules/trial/config_error.h"
#include "rules/trial/date.h"
#include "rules/trial/trial.h"

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// The word of `vocabulary` that `word` was probably meant to be; empty when none is near.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            std::span<const std::string_view> vocabulary);
/// "unknown key 'x'", with "; did you mean 'y'?" or the words that are allowed.
[[nodiscard]] std::string unknown_word(std::string_view what, std::string_view word,
                                       std::span<const std::string_view> vocabulary);

/// Collects the mistakes of one YAML file with their places. Not thread-safe.
class YamlErrors {
 public:
  explicit YamlErrors(std::string_view file) : file_(file) {}

  void add(const YAML::Mark& mark, std::string message);
  void add(const YAML::Node& node, std::string message) { add(node.Mark(), std::move(message)); }
  void add(const FilePosition& at, std::string message) {
    errors_.push_back({file_, at.line, at.column, std::move(message)});
  }
  void add(ConfigError error) { errors_.push_back(std::move(error)); }
  [[nodiscard]] bool empty() const noexcept { return errors_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return errors_.size(); }
  /// In the order of the file.
  [[nodiscard]] std::vector<ConfigError> sorted() &&;

 private:
  std::string file_;
  std::vector<ConfigError> errors_;
};

[[nodiscard]] FilePosition position_of(const YAML::Node& node);

/// Scalars. Each adds a mistake that says what was expected and returns nothing when the node is something
/// else. `what` names the value: "max", "protocol_id".
[[nodiscard]] std::optional<std::string> read_text(const YAML::Node& node, std::string_view what,
                                                   YamlErrors& errors);
[[nodiscard]] std::optional<double> read_number(const YAML::Node& node, std::string_view what,
                                                YamlErrors& errors);
[[nodiscard]] std::optional<int> read_integer(const YAML::Node& node, std::string_view what,
                                              YamlErrors& errors, int min = std::numeric_limits<int>::min(),
                                              int max = std::numeric_limits<int>::max());
[[nodiscard]] std::optional<bool> read_flag(const YAML::Node& node, std::string_view what,
                                            YamlErrors& errors);
[[nodiscard]] std::optional<Date> read_date(const YAML::Node& node, std::string_view what,
                                            YamlErrors& errors);
/// A list of texts; one text alone counts as a list of one.
[[nodiscard]] std::vector<std::string> read_texts(const YAML::Node& node, std::string_view what,
                                                  YamlErrors& errors);
/// {en: ..., zh: ...}, or one text for both languages' readers, kept as English.
[[nodiscard]] Text read_sentence(const YAML::Node& node, std::string_view what, YamlErrors& errors);
/// Letters, digits, '-', '_' and '.'; what identifies a slot, a check, a time point.
[[nodiscard]] std::optional<std::string> read_id(const YAML::Node& node, std::string_view what,
                                                 YamlErrors& errors);
/// One of a few words; its place in `words`.
[[nodiscard]] std::optional<std::size_t> read_word(const YAML::Node& node, std::string_view what,
                                                   std::span<const std::string_view> words,
                                                   YamlErrors& errors);
[[nodiscard]] std::optional<RuleSeverity> read_severity(const YAML::Node& node, std::string_view what,
                                                        YamlErrors& errors);
[[nodiscard]] std::optional<IfUnknown> read_if_unknown(const YAML::Node& node, std::string_view what,
                                                       YamlErrors& errors);
/// A number of a scalar's text: decimal, sign, fraction, exponent; the whole text and finite.
[[nodiscard]] std::optional<double> number_of(std::string_view text);

/// A YAML map whose keys are known. Keys that are there twice are mistakes; finish() makes every key that was
/// not taken one. `where` names the map for messages.
class YamlMap {
 public:
  struct Entry {
    YAML::Node key;
    YAML::Node value;
    std::string name;
    bool taken = false;
  };

  YamlMap(const YAML::Node& node, std::string_view where, YamlErrors& errors);

  /// False when the node is no map: then every look-up finds nothing.
  [[nodiscard]] bool is_map() const noexcept { return is_map_; }
  /// The value of `key`; nothing when it is not there. A key without value is a mistake.
  [[nodiscard]] std::optional<YAML::Node> take(std::string_view key);
  /// As take(); a key that is not there is a mistake.
  [[nodiscard]] std::optional<YAML::Node> need(std::string_view key);
  /// Entries that were not taken so far; each counts as taken from then on.
  [[nodiscard]] std::vector<Entry> take_rest();
  /// Adds a mistake for every key that was not taken. `also` are further words for "did you mean".
  void finish(std::span<const std::string_view> also = {});
  /// Mark of the whole map.
  [[nodiscard]] const YAML::Node& node() const noexcept { return node_; }
  [[nodiscard]] std::span<const std::string_view> asked() const noexcept { return asked_; }

 private:
  Entry* find(std::string_view key);

  YAML::Node node_;
  std::string where_;
  YamlErrors& errors_;
  bool is_map_ = false;
  std::vector<Entry> entries_;
  std::vector<std::string_view> asked_;  // string literals of the callers
};

}  // namespace trialgate::rules
