#include "gateway/receive/base64.h"
#include "gateway/receive/json_web_token.h"
#include "gateway/receive/passcode.h"
#include "gateway/receive/site_access.h"
#include "tests/dimse/support/node.h"
#include "tests/gateway/worker/synthetic_instance.h"

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <filesystem>
#include <memory>

using namespace trialgate;
using namespace trialgate::gateway;
using trialgate::gateway::test::TemporaryFolder;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

constexpr const char* good_claims =
    R"({"iss":"login","aud":["x","trialgate"],"sub":"ada","exp":2000,"nbf":1000})";
const auto now = std::chrono::system_clock::from_time_t(1500);
const std::string secret(32, 's');

std::string encoded(const Bytes& bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string encoded(const std::string& text) {
  return encoded(Bytes(text.begin(), text.end()));
}

std::string content_of(const std::string& algorithm, const std::string& claims) {
  return encoded(R"({"alg":")" + algorithm + R"(","typ":"JWT"})") + '.' + encoded(claims);
}

std::string hs256(const std::string& claims, const std::string& algorithm = "HS256",
                  const std::string& key = secret) {
  const std::string content = content_of(algorithm, claims);
  Bytes mac(32);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac.data(), nullptr);
  return content + '.' + encoded(mac);
}

std::string signed_by(EVP_PKEY* key, const std::string& algorithm) {
  const std::string content = content_of(algorithm, good_claims);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(content.data());
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::size_t size = 512;
  Bytes signature(size);
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key);
  REQUIRE(EVP_DigestSign(context.get(), signature.data(), &size, bytes, content.size()) == 1);
  signature.resize(size);
  if (algorithm == "ES256") {
    const unsigned char* der = signature.data();
    ECDSA_SIG* const numbers = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size));
    Bytes raw(64);
    BN_bn2binpad(ECDSA_SIG_get0_r(numbers), raw.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(numbers), raw.data() + 32, 32);
    ECDSA_SIG_free(numbers);
    signature = raw;
  }
  return content + '.' + encoded(signature);
}

std::string public_pem(EVP_PKEY* key) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PUBKEY(bio.get(), key);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::filesystem::path write_private(const TemporaryFolder& folder, const std::string& content) {
  const auto file = folder.write("token.key", content);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  return file;
}

TokenVerifier::Verdict verdict_of(const std::string& token, JwtAlgorithm algorithm = JwtAlgorithm::hs256,
                                  const std::string& key = secret) {
  const TemporaryFolder folder;
  const auto loaded = TokenVerifier::load({algorithm, write_private(folder, key), "login", "trialgate"});
  if (const auto* problem = std::get_if<std::string>(&loaded)) return {false, *problem};
  return std::get<std::shared_ptr<const TokenVerifier>>(loaded)->verify(token, now);
}

}  // namespace

TEST_CASE("RFC 4648: base64 and back, and nothing that is no base64") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfd"}) {
    const Bytes bytes(text.begin(), text.end());
    CHECK(from_base64(to_base64(bytes)) == bytes);
    CHECK(from_base64(encoded(bytes), true) == bytes);
  }
  CHECK(to_base64(Bytes{'f', 'o'}) == "Zm8=");
  for (const char* wrong : {"Z", "Zm8-", "Zm9", "Zm8=Zm8=", "Z m8", "====", "Zm=="})
    CHECK_FALSE(from_base64(wrong));
  CHECK_FALSE(from_base64("Zm+/", true));
}

TEST_CASE("a passcode is known by its hash, which says nothing of it and is another each time") {
  const std::string hash = hash_passcode("open sesame");
  CHECK(is_passcode_hash(hash));
  CHECK(hash.find("sesame") == std::string::npos);
  CHECK(hash != hash_passcode("open sesame"));
  CHECK(is_passcode("open sesame", hash));
  CHECK_FALSE(is_passcode("open sesam", hash));
  CHECK_FALSE(is_passcode("", hash));
  for (const char* wrong : {"", "open sesame", "scrypt:16384:8:1:AAAA:AAAA", "scrypt:99999999:8:1:"})
    CHECK_FALSE(is_passcode_hash(wrong));
  CHECK_FALSE(is_passcode_hash(hash + ":"));
  CHECK_FALSE(is_passcode("", ""));
}

TEST_CASE("RFC 7519: a token is taken for its signature and claims, and for nothing else") {
  const auto good = verdict_of(hs256(good_claims));
  CHECK(good.accepted);
  CHECK(good.text == "ada");
  CHECK(verdict_of(hs256(R"({"iss":"login","aud":"trialgate","exp":1500})")).accepted);
  const auto why = [](const std::string& token) {
    const auto verdict = verdict_of(token);
    return verdict.accepted ? "accepted" : verdict.text;
  };
  CHECK(why(hs256(R"({"iss":"other","aud":"trialgate","exp":2000})")) == "another issuer");
  CHECK(why(hs256(R"({"iss":"login","aud":"other","exp":2000})")) == "another audience");
  CHECK(why(hs256(R"({"iss":"login","exp":2000})")) == "another audience");
  CHECK(why(hs256(R"({"iss":"login","aud":"trialgate"})")) == "expired, or without exp");
  CHECK(why(hs256(R"({"iss":"login","aud":"trialgate","exp":1400})")) == "expired, or without exp");
  CHECK(why(hs256(R"({"iss":"login","aud":"trialgate","exp":"2000"})")) == "expired, or without exp");
  CHECK(why(hs256(R"({"iss":"login","aud":"trialgate","exp":2000,"nbf":1600})")) == "not valid yet");
  CHECK(why(hs256(good_claims, "HS256", std::string(32, 't'))) == "the signature is wrong");
  CHECK(why(hs256(good_claims, "none")) == "another algorithm");
  CHECK(why(hs256(good_claims, "RS256")) == "another algorithm");
  CHECK(why(content_of("HS256", good_claims) + '.') == "the signature is wrong");
  std::string changed = hs256(good_claims);
  changed[changed.find('.') + 3] ^= 1;
  CHECK(why(changed) == "the signature is wrong");
  for (const char* garbage : {"", ".", "..", "a.b", "a.b.c", "e30.e30.e30"})
    CHECK(why(garbage) != "accepted");
  CHECK(why(std::string(20'000, 'a') + "..") == "no signed token");
}

TEST_CASE("RFC 7518: RS256 and ES256 by public keys of the right kind") {
  const Key rsa(EVP_RSA_gen(2048), EVP_PKEY_free);
  const Key ec(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::string rs256 = signed_by(rsa.get(), "RS256");
  const std::string es256 = signed_by(ec.get(), "ES256");
  CHECK(verdict_of(rs256, JwtAlgorithm::rs256, public_pem(rsa.get())).accepted);
  CHECK(verdict_of(es256, JwtAlgorithm::es256, public_pem(ec.get())).accepted);
  CHECK_FALSE(verdict_of(es256, JwtAlgorithm::rs256, public_pem(rsa.get())).accepted);
  CHECK_FALSE(
      verdict_of(rs256.substr(0, rs256.size() - 4) + "AAAA", JwtAlgorithm::rs256, public_pem(rsa.get()))
          .accepted);
  // The public key as the secret of an HS256: a classic.
  CHECK_FALSE(verdict_of(hs256(good_claims, "HS256", public_pem(rsa.get())), JwtAlgorithm::rs256,
                         public_pem(rsa.get()))
                  .accepted);
  CHECK(verdict_of(es256, JwtAlgorithm::es256, public_pem(rsa.get())).text.find("is not one of ES256") !=
        std::string::npos);
  CHECK(verdict_of(es256, JwtAlgorithm::rs256, "no key").text.find("holds no public key") !=
        std::string::npos);
  CHECK(verdict_of(es256, JwtAlgorithm::hs256, "short").text.find("is too short") != std::string::npos);
}

TEST_CASE("PS3.7 D.3.3.7: a peer that must offer a user identity gets in by nothing less") {
  NodeConfig config;
  config.ae_title = "GATE";
  config.peers.push_back({"CT1", "SITE01", {}, 3});
  config.peers.back().user_identity.emplace();
  config.peers.back().user_identity->passcodes.emplace("ada", hash_passcode("sesame"));
  config.peers.push_back({"CT2", "SITE02", {}, 3});
  trialgate::test::IoThread io;
  SiteAccess access(config);
  const auto decide = [&](const char* calling, std::optional<dimse::UserIdentityView> identity) {
    const dimse::AeTitle from(calling);
    const dimse::AeTitle to("GATE");
    const std::string address("127.0.0.1");
    const dimse::Uid implementation("1.2.3");
    const std::string version;
    return std::get<dimse::Accept>(
        access.decide({from, to, address, 104, implementation, version, identity, nullptr}));
  };
  const auto ask = [&](std::uint8_t type, const std::string& primary, const std::string& secondary) {
    const Bytes first(primary.begin(), primary.end());
    const Bytes second(secondary.begin(), secondary.end());
    const dimse::Accept accept = decide("CT1", dimse::UserIdentityView{type, first, second});
    REQUIRE(accept.identity);
    const dimse::IdentityVerdict verdict = io.run(accept.identity());
    return verdict.reject ? std::string(verdict.reject->why) : "welcome " + verdict.user;
  };
  CHECK(ask(2, "ada", "sesame") == "welcome ada");
  CHECK(ask(2, "ada", "Sesame") == "user name or passcode is wrong");
  CHECK(ask(2, "bob", "sesame") == "user name or passcode is wrong");
  CHECK(ask(2, "", "") == "user name or passcode is wrong");
  CHECK(ask(1, "ada", "") == "this type of user identity is not accepted");
  CHECK(ask(5, hs256(good_claims), "") == "this type of user identity is not accepted");
  const dimse::Accept without = decide("CT1", std::nullopt);
  REQUIRE(without.identity);
  const dimse::IdentityVerdict verdict = io.run(without.identity());
  REQUIRE(verdict.reject);
  CHECK(verdict.reject->why == "no user identity offered");
  CHECK(*verdict.reject == dimse::Reject::no_reason_given());
  CHECK_FALSE(decide("CT2", std::nullopt).identity);
}
