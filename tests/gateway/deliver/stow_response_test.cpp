#include "gateway/deliver/stow_response.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::gateway;

namespace {

std::string item(const char* uid, const std::string& reason = {}) {
  return R"({"00081155":{"vr":"UI","Value":[")" + std::string(uid) + "\"]}" +
         (reason.empty() ? "" : "," + reason) + "}";
}

std::string sequence(const char* tag, const std::string& items) {
  return "\"" + std::string(tag) + R"(":{"vr":"SQ","Value":[)" + items + "]}";
}

std::string failed(const std::string& number) {
  return R"("00081197":{"vr":"US","Value":[)" + number + "]}";
}

}  // namespace

TEST_CASE("PS3.18 10.5: an answer says of each instance whether it is stored, and why not") {
  const std::string warning = R"("00081196":{"vr":"US","Value":[45056]})";
  const auto results =
      read_stow_response("{" + sequence("00081199", item("1.1") + "," + item("1.2", warning)) + "," +
                         sequence("00081198", item("1.3", failed("42752")) + "," + item("1.4")) + "}");
  REQUIRE(results);
  CHECK(*results == StowResults{{"1.1", 0}, {"1.2", 0xB000}, {"1.3", 0xA700}, {"1.4", 0x0110}});
}

TEST_CASE("an instance that is said to be stored and to have failed has failed") {
  const auto results = read_stow_response("[{" + sequence("00081199", item("1.1")) + "," +
                                          sequence("00081198", item("1.1", failed("272"))) + "}]");
  REQUIRE(results);
  CHECK(results->at("1.1") == 0x0110);
}

TEST_CASE("a failure never turns into a success by what stands in its reason") {
  for (const char* reason : {"0", "-1", "65536", "\"x\"", "1.5", "null"}) {
    const auto results = read_stow_response("{" + sequence("00081198", item("1.1", failed(reason))) + "}");
    REQUIRE(results);
    CHECK(results->at("1.1") == 0x0110);
  }
}

TEST_CASE("what is no answer is none") {
  for (const char* text :
       {"", "<NativeDicomModel/>", "[]", "3", "{", R"({"00081199":{"Value":[3]}})",
        R"({"00081199":{"Value":[{}]}})", R"({"00081199":{"Value":[{"00081155":{"Value":[7]}}]}})"})
    CHECK_FALSE(read_stow_response(text).has_value());
  CHECK(read_stow_response("{}")->empty());
  CHECK(read_stow_response(R"({"00081199":{"vr":"SQ"}})")->empty());
}

TEST_CASE("HTTP: the service that is away is not the instance that is refused") {
  for (const long status : {200L, 202L, 409L}) CHECK(meaning_of(status) == StowMeaning::answered);
  for (const long status : {400L, 406L, 413L, 415L}) CHECK(meaning_of(status) == StowMeaning::refused);
  for (const long status : {0L, 204L, 301L, 302L, 401L, 403L, 404L, 429L, 500L, 503L})
    CHECK(meaning_of(status) == StowMeaning::away);
}
