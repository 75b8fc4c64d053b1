#include "rules/deidentify/identity.h"

#include "rules/dataset/values.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace trialgate::rules::test {

TEST_CASE("PS3.5 B.2: a new UID is 2.25. and a number of 128 bits, the same every time") {
  const Identity id = identity();
  const std::string mapped = id.new_uid("1.2.3.4.5");
  CHECK(mapped == id.new_uid("1.2.3.4.5"));
  CHECK(mapped == id.new_uid(std::string_view("1.2.3.4.5\0", 10)));
  CHECK(mapped == id.new_uid("1.2.3.4.5 "));
  CHECK(mapped != id.new_uid("1.2.3.4.6"));
  CHECK(mapped.starts_with("2.25."));
  CHECK(is_valid_uid(mapped));
  std::set<std::string> seen;
  for (int i = 0; i < 20000; ++i) seen.insert(id.new_uid("1.2.3." + std::to_string(i)));
  CHECK(seen.size() == 20000);
}

TEST_CASE("UIDs that the standard registers stay, others under its root do not") {
  const Identity id = identity();
  for (const char* uid : {"1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.4.1.1",
                          "1.2.840.10008.6.1.308", "1.2.840.10008.2.16.4"}) {
    CAPTURE(uid);
    CHECK(id.new_uid(uid) == uid);
  }
  for (const char* uid : {"1.2.840.10008.5.1.4.1.1.2.20260302.1", "1.2.840.100081", "1.2.840.10008.99.1"}) {
    CAPTURE(uid);
    CHECK(id.new_uid(uid).starts_with("2.25."));
  }
}

TEST_CASE("Failure mode 28: without the key nobody gets the same UID or offset") {
  Bytes other_key(32, 9);
  const Identity other = Identity::create(other_key).value();
  const Identity id = identity();
  CHECK(other.new_uid("1.2.3.4.5") != id.new_uid("1.2.3.4.5"));
  CHECK(other.key_check() != id.key_check());
  int differ = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string subject_id = "S" + std::to_string(i);
    differ += other.shift_days(subject_id, 365) != id.shift_days(subject_id, 365) ? 1 : 0;
  }
  CHECK(differ > 40);
  CHECK_FALSE(Identity::create(Bytes(31, 1)).has_value());
}

TEST_CASE("A subject's dates move by 1 to the most days, either way, never by none") {
  const Identity id = identity();
  std::set<std::int32_t> seen;
  for (int i = 0; i < 2000; ++i) seen.insert(id.shift_days("S" + std::to_string(i), 5));
  CHECK(seen == std::set<std::int32_t>{-5, -4, -3, -2, -1, 1, 2, 3, 4, 5});
  CHECK(id.shift_days("S1", 365) == id.shift_days("S1", 365));
}

}  // namespace trialgate::rules::test
