#include "dimse/scu/requestor.h"
#include "dimse/ul/tls_context.h"
#include "tests/dimse/support/certificates.h"
#include "tests/dimse/support/memory_source.h"
#include "tests/dimse/support/node.h"
#include "tests/dimse/support/printing.h"
#include "tests/dimse/support/raw_peer.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::dimse;
using namespace trialgate::test;
using namespace std::chrono_literals;

namespace {

using Context = std::shared_ptr<const TlsContext>;

const Uid ct(ct_image_storage);
const Uid explicit_le("1.2.840.10008.1.2.1");

/// One authority for the whole test program: making keys takes time.
TestAuthority& authority() {
  static TestAuthority made("Test CA");
  return made;
}

const Issued& node_certificate() {
  static const Issued made = authority().issue({"node", "node.example"});
  return made;
}

TlsMaterial material(const Issued& own, std::string authorities, std::string revocation_lists = {}) {
  return {own.certificate, own.key, std::move(authorities), std::move(revocation_lists)};
}

Context context(TlsRole role, const TlsMaterial& from, TlsProfile profile = TlsProfile::bcp195_modified) {
  return TlsContext::make(role, from, profile).value();
}

AcceptorConfig tls_config(std::string revocation_lists = {}) {
  AcceptorConfig config = test_config();
  config.tls = [made = context(TlsRole::acceptor, material(node_certificate(), authority().certificate(),
                                                           std::move(revocation_lists)))] { return made; };
  return config;
}

/// Associates, echoes, stores `bytes` and releases: what is answered, or the failure.
Task<Result<void>> visit(RequestorConfig config, std::size_t bytes, MemoryLog& log) {
  std::vector<ProposedContext> contexts{{Uid("1.2.840.10008.1.1"), {Uid("1.2.840.10008.1.2")}},
                                        {ct, {explicit_le}}};
  auto opened = co_await Requestor::open(std::move(config), std::move(contexts), log);
  if (!opened) co_return opened.error();
  const auto echoed = co_await (*opened)->echo();
  if (!echoed) co_return echoed.error();
  MemorySource source(Bytes(bytes, 0x5A));
  StoreOperation operation;
  operation.sop_class = ct;
  operation.sop_instance = Uid("1.2.3");
  operation.transfer_syntax = explicit_le;
  operation.source = &source;
  const auto stored = co_await (*opened)->store(std::move(operation));
  if (!stored) co_return stored.error();
  if (stored->status != 0) co_return fail(Errc::io_error, "status");
  co_return co_await (*opened)->release();
}

struct Visit {
  std::string problem;  ///< empty: all went well
  MemoryLog log;
};

std::unique_ptr<Visit> visit_with(std::uint16_t port, Context tls, std::string server_name = "node.example",
                                  std::size_t bytes = 1000) {
  auto result = std::make_unique<Visit>();
  RequestorConfig config;
  config.host = "127.0.0.1";
  config.port = port;
  config.calling = AeTitle("US");
  config.called = AeTitle("TRIALGATE");
  config.tls = std::move(tls);
  config.tls_server_name = std::move(server_name);
  IoThread io;
  const auto done = io.run(visit(std::move(config), bytes, result->log));
  if (!done) result->problem = done.error().message();
  return result;
}

Context client(const Wanted& wanted) {
  return context(TlsRole::requestor, material(authority().issue(wanted), authority().certificate()));
}

std::string problem_of(const TlsMaterial& from) {
  const auto made = TlsContext::make(TlsRole::acceptor, from, TlsProfile::bcp195);
  return made ? "" : made.error().message();
}

}  // namespace

TEST_CASE(
    "PS3.15 B.13: instances go over TLS 1.3 between two ends that know each other, and nothing of them is "
    "lost") {
  Node node(tls_config());
  const auto visited =
      visit_with(node.port, client({"site01", "ct.site01.example"}), "node.example", 3'000'000);
  CHECK(visited->problem == "");
  CHECK(visited->log.has(
      "tls.established id=0 peer=node.example protocol=TLSv1.3 suite=TLS_AES_256_GCM_SHA384"));
  CHECK(visited->log.has("subject=CN=node "));
  CHECK(node.log.has("subject=CN=site01 "));
  CHECK(node.log.has("days_left=99"));
  REQUIRE(eventually([&] { return !node.service.ends().empty(); }));
  CHECK(node.service.ends().front() == AssociationEnd::released);
  REQUIRE(node.service.stored().size() == 1);
  CHECK(node.service.stored().front().data_set == Bytes(3'000'000, 0x5A));
}

TEST_CASE("PS3.15 B.12: AES-GCM is agreed upon where the other end knows more") {
  Node node(tls_config());
  const auto from = material(authority().issue({"site01", {}}), authority().certificate());
  const auto visited = visit_with(node.port, context(TlsRole::requestor, from, TlsProfile::bcp195));
  CHECK(visited->problem == "");
  CHECK(visited->log.has("suite=TLS_AES_256_GCM_SHA384"));
}

TEST_CASE("the access policy sees the certificate, and nothing on a plain connection") {
  const TlsCertificate described = *client({"site01", "ct.site01.example", -1, 10})->certificate();
  CHECK(described.subject == "CN=site01");
  CHECK(described.names == std::vector<std::string>{"site01", "ct.site01.example"});
  CHECK(described.sha256.size() == 64);
  const auto left = described.expires - std::chrono::system_clock::now();
  CHECK(left > 9 * 24h);
  CHECK(left <= 10 * 24h);
}

TEST_CASE("a requestor that is not to be trusted is refused before it can say anything") {
  Node node(tls_config());
  TestAuthority other("Other CA");
  const TlsMaterial stranger = material(other.issue({"site01", {}}), authority().certificate());
  const auto refused = [&](const Context& tls, const char* why) {
    const auto visited = visit_with(node.port, tls);
    CHECK(visited->problem.find("TLS handshake failed") == 0);
    CAPTURE(visited->problem);
    CHECK(eventually([&] { return node.log.has("why=" + std::string(why)); }));
  };
  refused(context(TlsRole::requestor, stranger), "unable to get local issuer certificate");
  refused(client({"site01", {}, -20, -10}), "certificate has expired");
  refused(client({"site01", {}, 10, 20}), "certificate is not yet valid");
  refused(context(TlsRole::requestor, {{}, {}, authority().certificate(), {}}),
          "peer did not return a certificate");
  CHECK(node.log.has("tls.refused id=2 peer=127.0.0.1 why=certificate has expired subject=CN=site01"));
  CHECK(node.service.begun() == 0);
  CHECK(visit_with(node.port, client({"site01", {}}))->problem == "");
}

TEST_CASE("a revoked certificate is refused, and everyone is when the list is out of date") {
  const Issued lost = authority().issue({"lost", {}});
  const Context with_lost = context(TlsRole::requestor, material(lost, authority().certificate()));
  Node node(tls_config(authority().revocation_list(lost.serial, 5)));
  CHECK(visit_with(node.port, with_lost)->problem != "");
  CHECK(eventually([&] { return node.log.has("why=certificate revoked"); }));
  CHECK(visit_with(node.port, client({"site01", {}}))->problem == "");

  Node late(tls_config(authority().revocation_list(lost.serial, -5)));
  CHECK(visit_with(late.port, client({"site01", {}}))->problem != "");
  CHECK(eventually([&] { return late.log.has("why=CRL has expired"); }));
}

TEST_CASE("RFC 9525: a requestor goes to no acceptor whose certificate is another's") {
  Node node(tls_config());
  const auto visited = visit_with(node.port, client({"site01", {}}), "archive.example");
  CHECK(visited->problem == "TLS handshake failed: hostname mismatch");
  CHECK(visited->log.has("tls.refused id=0 peer=archive.example why=hostname mismatch"));
  CHECK(visit_with(node.port, client({"site01", {}}), "127.0.0.1")->problem ==
        "TLS handshake failed: IP address mismatch");
  TestAuthority other("Other CA");
  const auto misled =
      context(TlsRole::requestor, material(authority().issue({"site01", {}}), other.certificate()));
  CHECK(visit_with(node.port, misled)->problem ==
        "TLS handshake failed: self-signed certificate in certificate chain");
}

TEST_CASE("who speaks no TLS is sent away at once, who says nothing when ARTIM expires") {
  Node node(tls_config());
  RawPeer plain(node.port);
  plain.send(usual_rq_bytes());
  CHECK(plain.sees_close());
  CHECK(eventually([&] { return node.log.has("tls.refused id=1 peer=127.0.0.1 why=wrong version number"); }));
  RawPeer silent(node.port);
  // The beginning of a TLS record that never goes on.
  silent.send(Bytes{0x16, 0x03, 0x01, 0x01, 0x00, 0x01});
  const auto begun = std::chrono::steady_clock::now();
  CHECK(silent.sees_close());
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
  CHECK(eventually([&] { return node.log.has("why=ARTIM timer expired"); }));
  CHECK(visit_with(node.port, client({"site01", {}}))->problem == "");
}

TEST_CASE("a stop does not wait for a handshake") {
  AcceptorConfig config = tls_config();
  config.artim = 60s;
  Node node(config);
  RawPeer silent(node.port);
  REQUIRE(eventually([&] { return node.acceptor->open_associations() == 1; }));
  const auto begun = std::chrono::steady_clock::now();
  node.drain(30s);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(silent.sees_close());
}

TEST_CASE("an acceptor that cannot prove who it is does not start") {
  const std::string trusted = authority().certificate();
  const Issued& own = node_certificate();
  const Issued other = authority().issue({"other", {}});
  CHECK(problem_of(material(own, trusted)) == "");
  CHECK(problem_of({own.certificate, other.key, trusted, {}}).find("private key is not that") !=
        std::string::npos);
  CHECK(problem_of({"", own.key, trusted, {}}).find("holds no certificate") != std::string::npos);
  CHECK(problem_of({own.certificate, "no key", trusted, {}}).find("private key cannot be read") !=
        std::string::npos);
  CHECK(problem_of(material(own, "")).find("CA file holds no certificate") != std::string::npos);
  CHECK(problem_of(material(own, trusted, "no list")).find("CRL file") != std::string::npos);
  CHECK(problem_of(
            material(own, trusted + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")) != "");
}
