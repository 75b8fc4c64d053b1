#include "rules/deidentify/residual.h"

#include "rules/dataset/charset.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace trialgate::rules::test {
namespace {

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

bool finds(ResidualSearch& search, std::string_view text) {
  search.prepare();
  return !search.search(bytes_of(text)).empty();
}

}  // namespace

TEST_CASE("A name is found in any case, order and encoding") {
  ResidualSearch search;
  search.add_name("Miller^Johanna Maria^^Dr.", "Miller^Johanna Maria^^Dr.");
  for (const char* text :
       {"x Miller y", "MILLER", "johanna", "xxJohannaMillerxx", "MILLER_JOHANNA", "a,maria;"}) {
    CAPTURE(text);
    CHECK(finds(search, text));
  }
  CHECK(finds(search, to_utf16("for miller", false)));
  CHECK(finds(search, to_utf16("for miller", true)));
  CHECK_FALSE(finds(search, "Mill er, Joh. Dr. anna"));
}

TEST_CASE("A name of three or four letters is a word of its own") {
  ResidualSearch search;
  search.add_name("Lee^Ann", "Lee^Ann");
  CHECK(finds(search, "by Lee."));
  CHECK(finds(search, "ANN"));
  CHECK_FALSE(finds(search, "sleeping scanner annual"));
}

TEST_CASE("A name of two letters counts only together with the other one") {
  ResidualSearch search;
  search.add_name("Li^Na", "Li^Na");
  for (const char* text : {"Li Na", "NA LI", "na_li", "Na, Li", "lina"}) {
    CAPTURE(text);
    CHECK(finds(search, text));
  }
  CHECK_FALSE(finds(search, "Li and Na are elements, palinal"));
}

TEST_CASE("A Chinese name is found in UTF-8, GB 18030, UTF-16 and in the bytes of the source") {
  const std::string name = "王小东";
  const auto gb = CharacterSet::parse("GB18030")->encode(name, Vr::pn);
  REQUIRE(gb.has_value());
  ResidualSearch search;
  search.add_name("Wang^XiaoDong=王^小东", "");
  CHECK(finds(search, "Patient 小东"));
  CHECK(finds(search, name));
  CHECK(finds(search, std::string(gb->begin(), gb->end())));
  CHECK(finds(search, std::string("\x0f\x5c\x1c\x4e", 4)));
  CHECK(finds(search, std::string("\x5c\x0f\x4e\x1c", 4)));
  CHECK_FALSE(finds(search, "王 大"));
}

TEST_CASE("A name with accents is found in Latin-1 and UTF-8") {
  ResidualSearch search;
  search.add_name("Müller^Renée",
                  "M\xfcller^Ren\xe9"
                  "e");
  CHECK(finds(search, "M\xfcller"));
  CHECK(finds(search, "Müller"));
  CHECK(finds(search,
              "Ren\xe9"
              "e"));
}

TEST_CASE("Numbers are found as a whole, not within longer ones") {
  ResidualSearch search;
  search.add_identifier("4711099", "");
  CHECK(finds(search, "MRN 4711099"));
  CHECK(finds(search, "MRN4711099x") == false);
  CHECK_FALSE(finds(search, "14711099"));
  CHECK_FALSE(finds(search, "0.4711099"));
  CHECK_FALSE(finds(search, "47110991"));
  ResidualSearch shorter;
  shorter.add_identifier("4711", "");
  CHECK(shorter.value_count() == 0);
  CHECK(shorter.excluded().at("too short") == 1);
}

TEST_CASE("A date is found in the forms that people write") {
  ResidualSearch search;
  search.add_date(std::chrono::year(2026) / 3 / 2);
  for (const char* text : {"20260302", "20260302101112", "2026-03-02", "2026.03.02", "2026/03/02",
                           "03/02/2026", "02/03/2026", "02.03.2026", "2026年3月2日", "CT20260302"}) {
    CAPTURE(text);
    CHECK(finds(search, text));
  }
  CHECK(finds(search, to_utf16("20260302", false)));
  CHECK_FALSE(finds(search, "120260302"));
  CHECK_FALSE(finds(search, "20260303"));
}

TEST_CASE("A UID is found as a whole") {
  ResidualSearch search;
  search.add_uid("1.2.826.0.1.77");
  CHECK(finds(search, "see 1.2.826.0.1.77"));
  CHECK(finds(search, "see 1.2.826.0.1.77."));
  CHECK_FALSE(finds(search, "1.2.826.0.1.77.1"));
  CHECK_FALSE(finds(search, "1.2.826.0.1.771"));
  CHECK_FALSE(finds(search, "2.1.2.826.0.1.77"));
}

TEST_CASE("Of a long UID the beginning of another is enough") {
  ResidualSearch search;
  search.add_uid("1.2.826.0.1.3680043.2.77.4711");
  CHECK(finds(search, "1.2.826.0.1.3680043.2.77.4711.0.3"));
  CHECK(finds(search, "1.2.826.0.1.3680043.2.77.47110"));
  CHECK_FALSE(finds(search, "1.2.826.0.1.3680043.2.77.4712"));
}

TEST_CASE("Common words and what is written on purpose are not searched for") {
  ResidualSearch search;
  search.allow("ONC301-0042");
  search.add_name("ANONYMOUS^PHANTOM", "");
  search.add_identifier("onc301-0042", "");
  search.add_identifier("UNKNOWN", "");
  CHECK(search.value_count() == 0);
  CHECK(search.excluded().at("common word") == 3);
  CHECK(search.excluded().at("same as written") == 1);
}

TEST_CASE("The search does not depend on where the value stands") {
  ResidualSearch search;
  search.add_name("Zzyzx^Qwertz", "");
  search.prepare();
  const std::string word = "qwertz";
  for (std::size_t size = word.size(); size < 40; ++size) {
    for (std::size_t at = 0; at + word.size() <= size; ++at) {
      std::string text(size, '-');
      text.replace(at, word.size(), word);
      const auto hits = search.search(bytes_of(text));
      REQUIRE(hits.size() == 1);
      CHECK(hits.front().offset == at);
    }
  }
  CHECK(search.search({}).empty());
}

}  // namespace trialgate::rules::test
