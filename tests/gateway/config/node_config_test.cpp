#include "gateway/config/node_config.h"

#include "tests/gateway/worker/synthetic_instance.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate;
using namespace trialgate::gateway;
using trialgate::gateway::test::TemporaryFolder;

namespace {

constexpr const char* smallest = "node:\n  store: var/store\n  key_file: key\n";

std::string first_mistake(const std::string& yaml) {
  const TemporaryFolder folder;
  const auto loaded = load_node_config(folder.write("node.yaml", yaml));
  const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded);
  if (errors == nullptr) return "none";
  const std::string text = errors->front().to_string();
  return text.substr(text.find("node.yaml"));
}

}  // namespace

TEST_CASE("the smallest node file: defaults, and paths relative to the file") {
  const TemporaryFolder folder;
  const auto loaded = load_node_config(folder.write("etc/node.yaml", smallest));
  REQUIRE(std::holds_alternative<NodeConfig>(loaded));
  const auto& config = std::get<NodeConfig>(loaded);
  CHECK(config.ae_title == "TRIALGATE");
  CHECK(config.store == folder.path() / "etc" / "var/store");
  CHECK(config.key_file == folder.path() / "etc" / "key");
  REQUIRE(config.listen.size() == 1);
  CHECK(config.listen.front().address == "127.0.0.1");
  CHECK(config.listen.front().port == 11112);
  CHECK(config.free_space_percent == 5);
  CHECK(config.free_space_bytes == 20ULL << 30);
  CHECK_FALSE(config.quiet.has_value());
  CHECK_FALSE(config.accept_deflated);
}

TEST_CASE("every value of the node file arrives") {
  const TemporaryFolder folder;
  const auto loaded = load_node_config(folder.write("node.yaml", R"(node:
  ae_title: GATE
  listen: [{address: "::1", port: 0}, {port: 104}]
  store: /s
  key_file: /k
  log: {format: json, level: warn}
  io_threads: 3
  workers: 4
  max_pdu_bytes: 65536
  quiet_seconds: 0.5
  drain_seconds: 0
  free_space: {percent: 0, gib: 0.5}
  extra_storage_classes: [1.2.840.113619.4.26]
peers:
  - {ae_title: CT1, site: SITE01, addresses: [10.0.0.0/8, "fd00::/8", 192.0.2.7], associations: 2, host: ct1.example, port: 4242,
     allow_plain: true}
destinations:
  - {name: irc, ae_title: ARCHIVE, host: irc.example, port: 11113, allow_plain: true, associations: 1, retry_first_seconds: 1,
     commitment: {addresses: [192.0.2.9], report_within_seconds: 90, requests: 2, refusals: 4}}
storage_commitment: {retry_first_seconds: 2, give_up_days: 3}
trials:
  - trial.yaml
  - {file: other.yaml, called_ae_title: OTHER}
)"));
  if (const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) {
    FAIL(errors->front().to_string());
  }
  const auto& config = std::get<NodeConfig>(loaded);
  CHECK(config.store == "/s");
  CHECK(config.listen.size() == 2);
  CHECK(config.log_format == LogFormat::json);
  CHECK(config.log_level == dimse::Level::warn);
  CHECK(config.quiet == std::chrono::milliseconds(500));
  CHECK(config.free_space_percent == 0);
  CHECK(config.free_space_bytes == 512ULL << 20);
  CHECK(config.peers.front().associations == 2);
  CHECK(config.peers.front().addresses.size() == 3);
  CHECK(config.peers.front().host == "ct1.example");
  CHECK(config.peers.front().port == 4242);
  CHECK(config.commitment.retry_first == std::chrono::seconds(2));
  CHECK(config.commitment.give_up == std::chrono::hours(72));
  const ArchiveCommitment& commitment = config.destinations.front().commitment;
  CHECK(commitment.addresses == std::vector<std::string>{"192.0.2.9"});
  CHECK(commitment.report_within == std::chrono::seconds(90));
  CHECK(commitment.requests == 2);
  CHECK(commitment.refusals == 4);
  CHECK(config.destinations.front().retry_first == std::chrono::seconds(1));
  CHECK(config.trials.front().file == folder.path() / "trial.yaml");
  CHECK(config.trials.back().called_ae_title == "OTHER");
}

TEST_CASE("a mistake in the node file is named with line and column") {
  const std::string node = smallest;
  struct Row {
    std::string yaml;
    const char* expected;
  };
  const Row rows[] = {
      {"nodes: {}\n", "node.yaml:1:"},
      {"node: [\n", "node.yaml:2:1: "},
      {"node:\n  key_file: key\n", "node has no store"},
      {"node:\n  store: s\n", "node has no key_file"},
      {node + "  colour: red\n", "node.yaml:4:3: "},
      {node + "  ae_title: SEVENTEEN_LETTERS\n", "node.yaml:4:13: ae_title is not an AE title"},
      {node + "  workers: many\n", "node.yaml:4:12: "},
      {node + "  workers: 0\n", "node.yaml:4:12: "},
      {node + "  artim_seconds: 0\n", "node.yaml:4:18: artim_seconds is out of range"},
      {node + "  idle_seconds: .nan\n", "node.yaml:4:"},
      {node + "  max_pdu_bytes: 4097\n", "max_pdu_bytes is odd"},
      {node + "  free_space: {percent: 500}\n", "node.yaml:4:25: "},
      {node + "  free_space: {gib: -1}\n", "gib is out of range; expected 0 to 1e+06 GiB"},
      {node + "  listen: [{address: localhost}]\n", "address is not an IPv4 or IPv6 address"},
      {node + "  log: {format: xml}\n", "node.yaml:4:17: "},
      {node + "  extra_storage_classes: [1.2.x]\n", "'1.2.x' is not a UID"},
      {node + "peers: {}\n", "peers is not a list"},
      {node + "peers:\n  - {ae_title: CT}\n", "node.yaml:5:5: peer has no site"},
      {node + "peers:\n  - {ae_title: CT, site: S, addresses: [10.0.0.1/33]}\n", "is not an address"},
      {node + "peers:\n  - {ae_title: CT, site: S, addresses: [\"fe80::1%eth0\"]}\n", "is not an address"},
      {node + "destinations:\n  - {name: a, ae_title: A}\n", "destination has no host"},
      {node + "destinations:\n  - {name: a, ae_title: A, host: \"::1\"}\n  - {name: a, ae_title: A, host: "
              "\"::1\"}\n",
       "node.yaml:6:5: destination 'a' is there twice"},
      {node + "trials:\n  - {called_ae_title: X}\n", "trial has no file"},
      {node + "trials:\n  - {file: a, called_ae_title: X}\n  - {file: b, called_ae_title: X}\n",
       "node.yaml:6:5: called_ae_title 'X' is that of another trial"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.yaml);
    const std::string mistake = first_mistake(row.yaml);
    CAPTURE(mistake);
    CHECK(mistake.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("a node file that is not there is one sentence") {
  const auto loaded = load_node_config("/nonexistent/node.yaml");
  const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded);
  REQUIRE(errors != nullptr);
  CHECK(errors->size() == 1);
  CHECK(errors->front().to_string().find("cannot be read") != std::string::npos);
}

TEST_CASE("sites and the mail server") {
  const TemporaryFolder folder;
  const std::string peers = "peers:\n  - {ae_title: A, site: S1}\n";
  const auto loaded = load_node_config(folder.write("node.yaml", smallest + peers + R"(sites:
  - {id: S1, language: zh, technicians: [ct@s1.example]}
mail:
  host: smtp.example
  user: gate
  password_file: pw
  from: gate@cro.example
  answer_within_days: 0.5
  remind_days: [-1, 0.25]
)"));
  REQUIRE(std::holds_alternative<NodeConfig>(loaded));
  const auto& config = std::get<NodeConfig>(loaded);
  REQUIRE(config.mail.has_value());
  CHECK(config.mail->port == 587);
  CHECK(config.mail->security == MailSecurity::starttls);
  CHECK(config.mail->password_file == folder.path() / "pw");
  CHECK(config.mail->templates == folder.path() / "messages");
  CHECK(config.mail->answer_within == std::chrono::hours(12));
  CHECK(config.mail->reminders ==
        std::vector<std::chrono::seconds>{std::chrono::hours(-24), std::chrono::hours(6)});
  REQUIRE(config.sites.size() == 1);
  CHECK(config.sites.front().language == rules::Language::zh);
}

TEST_CASE("mistakes about sites and mail say what was expected") {
  const std::string start = std::string(smallest) + "peers:\n  - {ae_title: A, site: S1}\n";
  const auto mistake = [&](const std::string& rest) { return first_mistake(start + rest); };
  CHECK(mistake("sites:\n  - {id: S2}\n") == "node.yaml:7:5: site 'S2' is that of no peer");
  CHECK(mistake("sites:\n  - {id: S1}\n  - {id: S1}\n") == "node.yaml:8:5: site 'S1' is there twice");
  CHECK(mistake("sites:\n  - {id: S1, technicians: [\"a b@c\"]}\n").find("is not an address") !=
        std::string::npos);
  CHECK(mistake("mail: {from: a@b}\n").find("mail has no host") != std::string::npos);
  CHECK(mistake("mail: {host: h, from: nobody}\n").find("no valid from") != std::string::npos);
  CHECK(mistake("mail: {host: h, from: a@b, user: u}\n").find("belong together") != std::string::npos);
  CHECK(mistake("mail: {host: h.example, from: a@b, security: none}\n").find("on another machine") !=
        std::string::npos);
  CHECK(mistake("mail: {host: 127.0.0.1, from: a@b, security: none}\n") == "none");
  CHECK(mistake("mail: {host: h, from: a@b, remind_days: 3}\n").find("is not a list") != std::string::npos);
}

TEST_CASE("TLS: the node's files serve its listeners and, where nothing else is said, its calls") {
  const TemporaryFolder folder;
  const auto loaded = load_node_config(folder.write("node.yaml", R"(node:
  store: /s
  key_file: /k
  listen: [{port: 0}, {address: "0.0.0.0", tls: true}]
  tls: {certificate_file: n.pem, key_file: n.key, ca_file: ca.pem, crl_file: /crl.pem, profile: bcp195}
peers:
  - {ae_title: CT1, site: SITE01, addresses: [10.0.0.0/8], certificate: ct1.example}
destinations:
  - {name: a, ae_title: A, host: irc.example, tls: true}
  - {name: b, ae_title: B, host: 192.0.2.9, tls: {ca_file: b.pem, server_name: archive}}
)"));
  if (const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) {
    FAIL(errors->front().to_string());
  }
  const auto& config = std::get<NodeConfig>(loaded);
  CHECK_FALSE(config.listen[0].tls);
  CHECK(config.listen[1].port == 2762);
  REQUIRE(config.tls.acceptor != nullptr);
  CHECK(config.tls.acceptor->files().certificate_file == folder.path() / "n.pem");
  CHECK(config.tls.acceptor->files().crl_file == "/crl.pem");
  CHECK(config.tls.acceptor->files().profile == dimse::TlsProfile::bcp195);
  CHECK(config.peers.front().certificate == "ct1.example");
  CHECK(config.destinations[0].tls.identity->files() == *config.tls.files);
  CHECK(config.destinations[1].tls.identity->files().ca_file == folder.path() / "b.pem");
  CHECK(config.destinations[1].tls.identity->files().key_file == folder.path() / "n.key");
  CHECK(config.destinations[1].tls.server_name == "archive");
  CHECK(config.tls.identities.all().size() == 3);
}

TEST_CASE("TLS: plain DICOM with another machine has to be asked for") {
  const auto mistake = [](const std::string& more) { return first_mistake(smallest + more); };
  CHECK(mistake("peers: [{ae_title: A, site: S, addresses: [10.0.0.1]}]\n").find("needs TLS") !=
        std::string::npos);
  CHECK(mistake("peers: [{ae_title: A, site: S, addresses: [127.0.0.1, 0.0.0.0/0]}]\n").find("needs TLS") !=
        std::string::npos);
  CHECK(mistake("peers: [{ae_title: A, site: S, certificate: a.example}]\n").find("needs TLS") !=
        std::string::npos);
  CHECK(mistake("peers: [{ae_title: A, site: S, addresses: [10.0.0.1], allow_plain: true}]\n") == "none");
  CHECK(mistake("peers: [{ae_title: A, site: S, addresses: [127.0.0.0/8, \"::1\"], host: localhost}]\n") ==
        "none");
  CHECK(mistake("peers: [{ae_title: A, site: S, certificate: \"sha256:12\", allow_plain: true}]\n")
            .find("certificate is not a name") != std::string::npos);
  CHECK(mistake("destinations: [{name: a, ae_title: A, host: h.example}]\n").find("on another machine") !=
        std::string::npos);
  CHECK(mistake("destinations: [{name: a, ae_title: A, host: h.example, tls: {certificate_file: c}}]\n")
            .find("no ca_file") != std::string::npos);
  CHECK(first_mistake("node:\n  store: s\n  key_file: k\n  listen: [{tls: true}]\n").find("no section tls") !=
        std::string::npos);
  CHECK(first_mistake("node:\n  store: s\n  key_file: k\n  tls: {ca_file: c}\n").find("tls needs a") !=
        std::string::npos);
}
