#include "gateway/reconcile/source_query.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::gateway;

namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

using namespace std::string_literals;

}  // namespace

TEST_CASE("PS3.4 C.6.2: the query names level, study and series, and asks for SOP Instance UIDs") {
  const std::string expected =
      "\x08\x00\x18\x00\x00\x00\x00\x00"
      "\x08\x00\x52\x00\x06\x00\x00\x00"
      "IMAGE "
      "\x20\x00\x0d\x00\x04\x00\x00\x00"
      "1.2\0"
      "\x20\x00\x0e\x00\x06\x00\x00\x00"
      "1.2.3\0"s;
  CHECK(image_level_query("1.2", "1.2.3") == bytes_of(expected));
}

TEST_CASE("the SOP Instance UID of an identifier, whatever stands before it") {
  CHECK(sop_instance_uid_of(bytes_of("\x08\x00\x18\x00\x04\x00\x00\x00"
                                     "1.2\0"s)) == "1.2");
  CHECK(sop_instance_uid_of(bytes_of("\x08\x00\x05\x00\x02\x00\x00\x00XX\x08\x00\x18\x00\x04\x00\x00\x00"
                                     "1.2 "s)) == "1.2");
}

TEST_CASE("bytes that are no identifier give nothing") {
  for (const std::string& bad : {
           ""s, "\x08\x00\x18\x00"s,
           "\x08\x00\x18\x00\x04\x00\x00\x00"
           "1."s,  // shorter than it says
           "\x08\x00\x18\x00\xff\xff\xff\xff"
           "1.2."s,                              // undefined length
           "\x08\x00\x18\x00\x00\x00\x00\x00"s,  // empty
           "\x08\x00\x52\x00\x06\x00\x00\x00"
           "IMAGE "s,  // not there
       }) {
    CHECK_FALSE(sop_instance_uid_of(bytes_of(bad)).has_value());
  }
}
