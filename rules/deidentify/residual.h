#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace trialgate::rules {

/// The identifying values that de-identification took out of one instance, and the search for them in what
/// was written. Every value is searched for in ASCII, UTF-8, Latin-1, GB 18030, UTF-16 of both byte orders
/// and in the bytes that it had in the source; letters of either case, those of other alphabets as they were,
/// all capital or all small.
class ResidualSearch {
 public:
  enum class Kind : std::uint8_t { name, identifier, date, uid };

  struct Hit {
    std::size_t offset = 0;  ///< of the first byte in the searched bytes
    Kind kind = Kind::identifier;
  };

  /// Person Name: every component by itself and the usual orders of a short one. `raw` are the bytes in the
  /// source.
  void add_name(std::string_view utf8, std::string_view raw);
  /// A number, an address, a name of a place or a device, as a whole.
  void add_identifier(std::string_view utf8, std::string_view raw);
  /// In the forms that people and machines write.
  void add_date(std::chrono::year_month_day date);
  void add_uid(std::string_view uid);

  /// `text` is written on purpose: a value that is the same is not searched for.
  void allow(std::string_view utf8);

  /// Makes the search ready; add nothing afterwards.
  void prepare();
  [[nodiscard]] std::vector<Hit> search(std::span<const std::uint8_t> bytes) const;

  /// How many values are searched for.
  [[nodiscard]] std::size_t value_count() const noexcept { return values_.size(); }
  /// Values that are not, by reason: "too short", "common word", "same as written".
  [[nodiscard]] const std::map<std::string, std::uint64_t>& excluded() const noexcept { return excluded_; }

 private:
  struct Needle {
    std::string bytes;  ///< ASCII letters in lower case
    Kind kind = Kind::identifier;
    bool whole_word = false;  ///< no letter or digit of the same encoding before and behind
    std::uint8_t unit = 1;    ///< bytes of a character beside it: 2 in UTF-16
    bool big_endian = false;
  };

  void add_value(std::string_view utf8, std::string_view raw, Kind kind, bool whole_word);
  void add_encodings(const std::u32string& points, Kind kind, bool whole_word);
  void add_token(const std::string& token, std::string_view raw);
  void add_needle(std::string bytes, Kind kind, bool whole_word, std::uint8_t unit = 1,
                  bool big_endian = false);
  void exclude(const char* reason) { ++excluded_[reason]; }

  std::vector<Needle> needles_;
  std::unordered_set<std::string> values_;   // folded, their kind in front
  std::unordered_set<std::string> allowed_;  // folded
  std::map<std::string, std::uint64_t> excluded_;
  // Needles by a hash over their last bytes: 8 where they have so many, else 3.
  struct Index {
    std::vector<std::uint64_t> bits;                               ///< one for every hash
    std::vector<std::pair<std::uint32_t, std::uint32_t>> needles;  ///< hash, number in needles_; sorted
  };
  Index long_;
  Index short_;
};

}  // namespace trialgate::rules
