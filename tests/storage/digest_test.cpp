#include "storage/digest.h"

#include "tests/storage/support.h"

#include <doctest/doctest.h>

using namespace trialgate::storage;
using trialgate::storage::testing::bytes_of;
using trialgate::storage::testing::ok;

TEST_CASE("FIPS 180-4: SHA-256 of the standard's examples") {
  CHECK(Digest::of({}).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Digest::of(bytes_of("abc")).hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a digest built in pieces equals the digest of the whole") {
  const auto bytes = testing::noise(1, 10'000);
  DigestBuilder builder;
  for (std::size_t at = 0; at < bytes.size(); at += 77) {
    builder.update(std::span(bytes).subspan(at, std::min<std::size_t>(77, bytes.size() - at)));
  }
  CHECK(builder.finish() == Digest::of(bytes));
}

TEST_CASE("hexadecimal text is read strictly") {
  const Digest digest = Digest::of(bytes_of("abc"));
  CHECK(Digest::from_hex(digest.hex()).value() == digest);
  CHECK_FALSE(ok(Digest::from_hex(digest.hex().substr(1))));
  CHECK_FALSE(ok(Digest::from_hex(digest.hex() + "0")));
  std::string upper = digest.hex();
  upper[0] = 'B';
  CHECK_FALSE(ok(Digest::from_hex(upper)));
  CHECK_FALSE(ok(Digest::from_hex(std::string(64, '/'))));
  CHECK(Digest::from_bytes(digest.bytes()).value() == digest);
  CHECK_FALSE(ok(Digest::from_bytes(std::span(digest.bytes()).first(31))));
}
