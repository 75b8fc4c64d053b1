#include "rules/trial/yaml_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 4> severity_words{"note", "warn", "query", "reject"};
constexpr std::array<std::string_view, 5> if_unknown_words{"accept", "note", "warn", "query", "reject"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Changed, missing, extra and swapped letters, case not counted (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_previous(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0U : 1U)});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) current[j] = std::min(current[j], before_previous[j - 2] + 1);
    }
    std::swap(before_previous, previous);
    std::swap(previous, current);
  }
  return previous.back();
}

std::string kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  if (node.IsScalar()) return "'" + node.Scalar() + "'";
  return "nothing";
}

FilePosition position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

std::string expected(std::string_view what, std::string_view kind, const YAML::Node& node) {
  return std::string(what) + " is " + kind_of(node) + "; expected " + std::string(kind);
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> vocabulary) {
  constexpr std::size_t longest = 100;  // keeps the search cheap for nonsense
  if (word.size() > longest) return {};
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : vocabulary) {
    // "maximum" for max.
    constexpr std::size_t shortest_stem = 3;
    const bool is_stem = candidate.size() >= shortest_stem && word.starts_with(candidate);
    const std::size_t distance = is_stem ? 1 : edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string unknown_word(std::string_view what, std::string_view word,
                         std::span<const std::string_view> vocabulary) {
  std::string message = "unknown " + std::string(what) + " '" + std::string(word) + "'";
  if (const auto nearest = nearest_word(word, vocabulary); !nearest.empty()) {
    return message + "; did you mean '" + std::string(nearest) + "'?";
  }
  constexpr std::size_t most_listed = 16;
  if (vocabulary.empty() || vocabulary.size() > most_listed) return message;
  message += "; expected one of ";
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    message += (i == 0 ? "" : ", ") + std::string(vocabulary[i]);
  }
  return message;
}

void YamlErrors::add(const YAML::Mark& mark, std::string message) {
  add(position_of(mark), std::move(message));
}

std::vector<ConfigError> YamlErrors::sorted() && {
  std::ranges::stable_sort(errors_, {}, [](const ConfigError& e) { return std::pair(e.line, e.column); });
  return std::move(errors_);
}

FilePosition position_of(const YAML::Node& node) {
  return position_of(node.Mark());
}

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::string> read_text(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
  errors.add(node, expected(what, "a text", node));
  return std::nullopt;
}

std::optional<double> read_number(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  if (node.IsScalar()) {
    if (const auto value = number_of(node.Scalar())) return value;
  }
  errors.add(node, expected(what, "a number", node));
  return std::nullopt;
}

std::optional<int> read_integer(const YAML::Node& node, std::string_view what, YamlErrors& errors, int min,
                                int max) {
  const std::optional<double> value = node.IsScalar() ? number_of(node.Scalar()) : std::nullopt;
  if (value && std::trunc(*value) == *value && *value >= min && *value <= max)
    return static_cast<int>(*value);
  std::string range = "a whole number";
  if (min != std::numeric_limits<int>::min() && max != std::numeric_limits<int>::max()) {
    range += " from " + std::to_string(min) + " to " + std::to_string(max);
  } else if (min != std::numeric_limits<int>::min()) {
    range += ", " + std::to_string(min) + " or more";
  }
  errors.add(node, expected(what, range, node));
  return std::nullopt;
}

std::optional<bool> read_flag(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  if (node.IsScalar()) {
    if (node.Scalar() == "true" || node.Scalar() == "yes") return true;
    if (node.Scalar() == "false" || node.Scalar() == "no") return false;
  }
  errors.add(node, expected(what, "true or false", node));
  return std::nullopt;
}

std::optional<Date> read_date(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  if (node.IsScalar()) {
    if (const auto date = parse_iso_date(node.Scalar())) return date;
  }
  errors.add(node, expected(what, "a date, YYYY-MM-DD", node));
  return std::nullopt;
}

std::vector<std::string> read_texts(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  std::vector<std::string> texts;
  if (node.IsSequence()) {
    for (const YAML::Node& item : node) {
      if (auto text = read_text(item, what, errors)) texts.push_back(std::move(*text));
    }
    if (node.size() == 0)
      errors.add(node, std::string(what) + " is an empty list; expected at least one value");
  } else if (node.IsScalar() && !node.Scalar().empty()) {
    texts.push_back(node.Scalar());
  } else {
    errors.add(node, expected(what, "a list of texts", node));
  }
  return texts;
}

Text read_sentence(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  Text sentence;
  if (node.IsScalar()) {
    sentence.en = read_text(node, what, errors).value_or("");
    return sentence;
  }
  if (!node.IsMap()) {
    errors.add(node, expected(what, "a text, or {en: ..., zh: ...}", node));
    return sentence;
  }
  YamlMap map(node, what, errors);
  if (const auto en = map.take("en")) sentence.en = read_text(*en, "en", errors).value_or("");
  if (const auto zh = map.take("zh")) sentence.zh = read_text(*zh, "zh", errors).value_or("");
  map.finish();
  return sentence;
}

std::optional<std::string> read_id(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  constexpr std::size_t longest = 64;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (node.IsScalar() && !node.Scalar().empty() && node.Scalar().size() <= longest &&
      std::ranges::all_of(node.Scalar(), allowed)) {
    return node.Scalar();
  }
  errors.add(node, expected(what, "up to 64 letters, digits, '-', '_' and '.'", node));
  return std::nullopt;
}

std::optional<std::size_t> read_word(const YAML::Node& node, std::string_view what,
                                     std::span<const std::string_view> words, YamlErrors& errors) {
  if (!node.IsScalar()) {
    errors.add(node, expected(what, "a word", node));
    return std::nullopt;
  }
  const auto found = std::ranges::find(words, node.Scalar());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  errors.add(node, unknown_word(what, node.Scalar(), words));
  return std::nullopt;
}

std::optional<RuleSeverity> read_severity(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  const auto place = read_word(node, what, severity_words, errors);
  if (!place) return std::nullopt;
  return static_cast<RuleSeverity>(*place);
}

std::optional<IfUnknown> read_if_unknown(const YAML::Node& node, std::string_view what, YamlErrors& errors) {
  const auto place = read_word(node, what, if_unknown_words, errors);
  if (!place) return std::nullopt;
  return static_cast<IfUnknown>(*place);
}

YamlMap::YamlMap(const YAML::Node& node, std::string_view where, YamlErrors& errors)
    : node_(node), where_(where), errors_(errors), is_map_(node.IsMap()) {
  if (!is_map_) {
    errors_.add(node, expected(where, "a map", node));
    return;
  }
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) {
      errors_.add(pair.first, "a key of " + where_ + " is " + kind_of(pair.first) + "; expected a word");
      continue;
    }
    Entry entry{pair.first, pair.second, pair.first.Scalar()};
    if (const Entry* const first = find(entry.name)) {
      errors_.add(entry.key, "key '" + entry.name + "' of " + where_ + " is there twice; first in line " +
                                 std::to_string(position_of(first->key).line));
      continue;
    }
    entries_.push_back(std::move(entry));
  }
}

YamlMap::Entry* YamlMap::find(std::string_view key) {
  const auto found = std::ranges::find(entries_, key, &Entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

std::optional<YAML::Node> YamlMap::take(std::string_view key) {
  asked_.push_back(key);
  Entry* const entry = find(key);
  if (entry == nullptr) return std::nullopt;
  entry->taken = true;
  if (entry->value.IsNull()) {
    errors_.add(entry->key, "'" + entry->name + "' of " + where_ + " has no value");
    return std::nullopt;
  }
  return entry->value;
}

std::optional<YAML::Node> YamlMap::need(std::string_view key) {
  auto value = take(key);
  if (!value && is_map_ && find(key) == nullptr) {
    errors_.add(node_, "'" + std::string(key) + "' is missing in " + where_);
  }
  return value;
}

std::vector<YamlMap::Entry> YamlMap::take_rest() {
  std::vector<Entry> rest;
  for (Entry& entry : entries_) {
    if (entry.taken) continue;
    entry.taken = true;
    rest.push_back(entry);
  }
  return rest;
}

void YamlMap::finish(std::span<const std::string_view> also) {
  std::vector<std::string_view> vocabulary = asked_;
  vocabulary.insert(vocabulary.end(), also.begin(), also.end());
  for (const Entry& entry : take_rest()) {
    errors_.add(entry.key, unknown_word("key", entry.name, vocabulary) + " (in " + where_ + ")");
  }
}

}  // namespace trialgate::rules
