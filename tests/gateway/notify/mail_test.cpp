#include "gateway/notify/mail.h"

#include "gateway/notify/notice_content.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace trialgate;
using namespace trialgate::gateway;

TEST_CASE(
    "RFC 2047: a header value that is not ASCII becomes encoded-words of whole characters, at most 75 long") {
  CHECK(encoded_header("Imaging query 7") == "Imaging query 7");
  CHECK(encoded_header("ü") == "=?UTF-8?B?w7w=?=");
  CHECK(encoded_header("=?UTF-8?B?eA==?=") != "=?UTF-8?B?eA==?=");
  std::string chinese;
  for (int i = 0; i < 40; ++i) chinese += "影";
  const std::string header = encoded_header(chinese);
  std::size_t begin = 0;
  while (begin < header.size()) {
    const std::size_t end = std::min(header.find(' ', begin), header.size());
    CHECK(end - begin <= 75);
    // 15 characters of three bytes each: never a part of one.
    CHECK((end - begin - 12) % 4 == 0);
    begin = end + 1;
  }
  CHECK(header.starts_with("=?UTF-8?B?5b2x5b2x"));
}

TEST_CASE("a line break in a header value starts no header of its own") {
  CHECK(encoded_header("x\r\nBcc: y@z") == "x  Bcc: y@z");
  CHECK(encoded_header("影\r\nBcc: y@z").find('\n') == std::string::npos);
}

TEST_CASE("RFC 5322: the date of a mail") {
  using namespace std::chrono;
  const storage::UtcTime at =
      sys_days(year(2026) / 3 / 2) + hours(8) + minutes(5) + seconds(9) + microseconds(3);
  CHECK(mail_date(at) == "Mon, 02 Mar 2026 08:05:09 +0000");
}

TEST_CASE("mailboxes: nothing that could end a header or an SMTP command") {
  CHECK(is_mailbox("ct.lab@site01.example"));
  for (const char* bad :
       {"", "ct", "@site", "ct@", "a@b@c", "a b@c", "a@b>", "a@b\r\nRCPT TO:<x@y>", "\"a\"@b", "ü@b"}) {
    CHECK_MESSAGE(!is_mailbox(bad), bad);
  }
}

TEST_CASE("instance numbers as ranges") {
  CHECK(ranges_of({}).empty());
  CHECK(ranges_of({7}) == "7");
  CHECK(ranges_of({10, 2, 1, 3, 3, 12}) == "1-3, 10, 12");
  CHECK(ranges_of({1, 3, 5, 7}, 2) == "1, 3, …");
  CHECK(ranges_of({-1, 0}) == "-1-0");
}
