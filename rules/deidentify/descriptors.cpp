#include "rules/deidentify/descriptors.h"

#include "rules/deidentify/imaging_words.h"

#include <algorithm>
#include <array>
#include <optional>

namespace trialgate::rules {
namespace {

constexpr std::size_t longest_word = 64;  // matching an expression takes time and stack by the length

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Up to three digits, up to two behind a point, and a unit: no date and no number of a person reads so.
bool is_measure(std::string_view folded) noexcept {
  static constexpr std::array<std::string_view, 17> units = {"mm", "cm",  "s",   "sec", "ms", "min",
                                                             "kv", "kvp", "ma",  "mas", "t",  "hz",
                                                             "ml", "mg",  "deg", "hu",  "gy"};
  std::size_t at = 0;
  while (at < folded.size() && is_digit(folded[at])) ++at;
  if (at == 0 || at > 3) return false;
  if (at < folded.size() && folded[at] == '.') {
    const std::size_t point = at++;
    while (at < folded.size() && is_digit(folded[at])) ++at;
    if (at == point + 1 || at > point + 3) return false;
  }
  return std::ranges::find(units, folded.substr(at)) != units.end();
}

struct Word {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Runs of ASCII letters and digits, with points between digits. Other characters are part of no word, but
/// one that touches a word of theirs spoils it ("Müller" is not "ller").
std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  const auto is_part = [&](std::size_t at) {
    const char c = text[at];
    if (is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80) return true;
    return c == '.' && at > 0 && at + 1 < text.size() && is_digit(text[at - 1]) && is_digit(text[at + 1]);
  };
  for (std::size_t at = 0; at < text.size();) {
    if (!is_part(at)) {
      ++at;
      continue;
    }
    Word word{at, at};
    while (word.end < text.size() && is_part(word.end)) ++word.end;
    at = word.end;
    words.push_back(word);
  }
  return words;
}

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<std::regex> compiled(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::icase);
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

}  // namespace

DescriptorWords::DescriptorWords(const std::vector<std::string>& terms,
                                 const std::vector<std::string>& patterns) {
  for (const std::string& term : terms) {
    for (const Word& word : words_of(term))
      terms_.insert(lower(term.substr(word.begin, word.end - word.begin)));
  }
  for (const std::string& pattern : patterns) {
    if (auto expression = compiled(pattern)) patterns_.push_back(std::move(*expression));
  }
}

std::vector<std::string> DescriptorWords::check(const std::vector<std::string>& terms,
                                                const std::vector<std::string>& patterns) {
  std::vector<std::string> problems;
  for (const std::string& term : terms) {
    if (term.empty() || !is_ascii(term)) {
      problems.push_back("the term '" + term + "' cannot be used: it must be printable ASCII, not empty");
    }
  }
  for (const std::string& pattern : patterns) {
    if (pattern.empty() || !is_ascii(pattern) || !compiled(pattern)) {
      problems.push_back("the pattern '" + pattern + "' is no regular expression (ECMAScript, ASCII)");
    }
  }
  return problems;
}

bool DescriptorWords::passes(std::string_view word) const {
  if (word.size() > longest_word || !is_ascii(word)) return false;
  const std::string folded = lower(word);
  if (is_imaging_word(folded) || is_measure(folded) || terms_.contains(folded)) return true;
  return std::ranges::any_of(patterns_, [&](const std::regex& pattern) {
    return std::regex_match(word.begin(), word.end(), pattern);
  });
}

std::string DescriptorWords::clean(std::string_view utf8) const {
  std::string result;
  std::optional<std::size_t> end_of_last;  // in utf8, when the word before this one passed
  for (const Word& word : words_of(utf8)) {
    const std::string_view text = utf8.substr(word.begin, word.end - word.begin);
    if (!passes(text)) {
      end_of_last.reset();
      continue;
    }
    const std::string_view between =
        end_of_last ? utf8.substr(*end_of_last, word.begin - *end_of_last) : std::string_view(" ");
    if (!result.empty()) result += is_ascii(between) && between.size() <= 3 ? between : std::string_view(" ");
    result += text;
    end_of_last = word.end;
  }
  return result;
}

}  // namespace trialgate::rules
