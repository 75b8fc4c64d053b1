#include "gateway/receive/site_access.h"

#include "dimse/scp/service_sop_classes.h"

#include <doctest/doctest.h>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

NodeConfig node() {
  NodeConfig config;
  config.ae_title = "GATE";
  config.trials.push_back({"trial.yaml", "ONC301"});
  config.peers.push_back({"CT1", "SITE01", {"10.1.0.0/16", "192.0.2.7", "fd00:1::/32"}, 3});
  config.peers.push_back({"CT1", "SITE02", {"10.2.0.9/16"}, 5});
  for (Peer& peer : config.peers) peer.allow_plain = true;
  config.peers.push_back({"LOCAL", "SITE\\03", {}, 1});
  config.peers.push_back({"READER", "", {"10.4.0.0/16"}, 1});
  config.peers.back().allow_plain = true;
  View view;
  view.ae_title = "CLEAN";
  view.peers = {"READER", "LOCAL"};
  config.views.push_back(view);
  config.worklist = WorklistConfig{"LIST", 7, 0};
  Destination archive;
  archive.name = archive.ae_title = "ARCHIVE";
  archive.host = "10.9.0.1";
  config.destinations.push_back(archive);
  config.peers.push_back({"CT4", "SITE04", {"10.4.0.0/16", "127.0.0.1"}});
  config.peers.push_back({"CT5", "SITE05", {"10.4.0.0/16", "127.0.0.1"}});
  config.peers.back().certificate = "CT.site05.example";
  config.peers.push_back({"CT6", "SITE06", {"10.4.0.0/16"}});
  config.peers.back().certificate = "sha256:" + std::string(64, 'A');
  return config;
}

dimse::Decision decide(const char* calling, const char* called, const char* address,
                       const dimse::TlsCertificate* certificate = nullptr) {
  static SiteAccess access(node());
  const dimse::AeTitle from(calling);
  const dimse::AeTitle to(called);
  const std::string peer(address);
  const dimse::Uid implementation("1.2.3");
  const std::string version;
  return access.decide({from, to, peer, 104, implementation, version, std::nullopt, certificate});
}

std::string site(const dimse::Decision& decision) {
  const auto* accept = std::get_if<dimse::Accept>(&decision);
  return accept == nullptr ? "" : site_of(accept->peer_id);
}

bool serves(const dimse::Decision& decision, std::string_view sop_class) {
  const auto* accept = std::get_if<dimse::Accept>(&decision);
  return accept != nullptr && accept->contexts.services.contains(dimse::Uid(std::string(sop_class)));
}

}  // namespace

TEST_CASE("a peer is let in by calling AE title and address together") {
  CHECK(site(decide("CT1", "GATE", "10.1.2.3")) == "SITE01");
  CHECK(site(decide("CT1", "GATE", "10.2.255.255")) == "SITE02");
  CHECK(site(decide("CT1", "GATE", "192.0.2.7")) == "SITE01");
  CHECK(site(decide("CT1", "GATE", "192.0.2.8")) == "");
  CHECK(site(decide("CT1", "GATE", "10.3.0.1")) == "");
  CHECK(site(decide("ct1", "GATE", "10.1.2.3")) == "");
  CHECK(site(decide("CT1", "GATE", "fd00:1:2::3")) == "SITE01");
  CHECK(site(decide("CT1", "GATE", "fd00:2::3")) == "");
  CHECK(site(decide("CT1", "GATE", "no address")) == "");
}

TEST_CASE("a peer without addresses is let in from this host alone") {
  CHECK(site(decide("LOCAL", "GATE", "127.0.0.5")) == "SITE\\03");
  CHECK(site(decide("LOCAL", "GATE", "::1")) == "SITE\\03");
  CHECK(site(decide("LOCAL", "GATE", "10.1.2.3")) == "");
}

TEST_CASE("PS3.8 table 9-21: unknown called and calling AE titles are told apart") {
  const auto called = decide("CT1", "OTHER", "10.1.2.3");
  REQUIRE(std::holds_alternative<dimse::Reject>(called));
  CHECK(std::get<dimse::Reject>(called) == dimse::Reject::called_ae_not_recognized());
  const auto calling = decide("NOBODY", "GATE", "10.1.2.3");
  REQUIRE(std::holds_alternative<dimse::Reject>(calling));
  CHECK(std::get<dimse::Reject>(calling) == dimse::Reject::calling_ae_not_recognized());
  CHECK(site(decide("CT1", "ONC301", "10.1.2.3")) == "SITE01");
}

TEST_CASE("a peer on another machine needs TLS unless plain DICOM is allowed it") {
  const dimse::TlsCertificate any{"CN=any", {"any"}, std::string(64, '0'), {}};
  CHECK(site(decide("CT4", "GATE", "127.0.0.1")) == "SITE04");
  CHECK(site(decide("CT4", "GATE", "10.4.0.1")) == "");
  CHECK(std::get<dimse::Reject>(decide("CT4", "GATE", "10.4.0.1")).why ==
        "plain DICOM is not allowed from another machine");
  CHECK(site(decide("CT4", "GATE", "10.4.0.1", &any)) == "SITE04");
  CHECK(site(decide("CT1", "GATE", "10.1.2.3", &any)) == "SITE01");
}

TEST_CASE("AE title, address and certificate must be of one peer") {
  const dimse::TlsCertificate named{"CN=x", {"x", "ct.SITE05.example"}, std::string(64, '0'), {}};
  const dimse::TlsCertificate pinned{"CN=y", {"y"}, std::string(64, 'a'), {}};
  CHECK(site(decide("CT5", "GATE", "10.4.0.1", &named)) == "SITE05");
  CHECK(site(decide("CT6", "GATE", "10.4.0.1", &pinned)) == "SITE06");
  CHECK(std::get<dimse::Reject>(decide("CT5", "GATE", "10.4.0.1", &pinned)).why ==
        "the certificate is not that of this peer");
  CHECK(std::get<dimse::Reject>(decide("CT4", "GATE", "10.4.0.1", &pinned)).why ==
        "the certificate is that of another peer");
  CHECK(site(decide("CT5", "GATE", "10.5.0.1", &named)) == "");
  CHECK(std::get<dimse::Reject>(decide("CT5", "GATE", "127.0.0.1")).why ==
        "this peer must authenticate itself by its certificate");
}

TEST_CASE("associations are counted for each peer, not for each site") {
  const auto one = std::get<dimse::Accept>(decide("CT1", "GATE", "10.1.2.3"));
  const auto other = std::get<dimse::Accept>(decide("LOCAL", "GATE", "::1"));
  CHECK(one.max_associations == 3);
  CHECK(other.max_associations == 1);
  CHECK(one.peer_id != other.peer_id);
}

TEST_CASE(
    "a view lets in the peers that it names, to query and retrieve alone, and for others does not exist") {
  const auto reader = decide("READER", "CLEAN", "10.4.0.1");
  REQUIRE(std::holds_alternative<dimse::Accept>(reader));
  const auto& contexts = std::get<dimse::Accept>(reader).contexts;
  CHECK_FALSE(contexts.storage);
  CHECK(contexts.further_storage_sop_classes.empty());
  CHECK_FALSE(contexts.any_storage_sop_class);
  CHECK(contexts.services.contains(dimse::Uid(std::string(dimse::study_root_find))));
  CHECK(contexts.services.contains(dimse::Uid(std::string(dimse::patient_root_get))));
  CHECK_FALSE(serves(decide("LOCAL", "GATE", "::1"), dimse::study_root_find));
  CHECK(std::get<dimse::Reject>(decide("CT1", "CLEAN", "10.1.2.3")) ==
        dimse::Reject::called_ae_not_recognized());
  CHECK(std::get<dimse::Reject>(decide("READER", "CLEAN", "10.5.0.1")) ==
        dimse::Reject::calling_ae_not_recognized());
  CHECK(std::get<dimse::Reject>(decide("READER", "GATE", "10.4.0.1")) ==
        dimse::Reject::calling_ae_not_recognized());
}

TEST_CASE("the work list answers peers of a site, and stores nothing") {
  const auto scanner = decide("CT1", "LIST", "10.1.2.3");
  CHECK(site(scanner) == "SITE01");
  CHECK(serves(scanner, dimse::modality_worklist_find));
  CHECK(serves(scanner, dimse::modality_performed_procedure_step));
  CHECK_FALSE(serves(scanner, dimse::study_root_find));
  CHECK_FALSE(std::get<dimse::Accept>(scanner).contexts.storage);
  CHECK_FALSE(serves(decide("CT1", "GATE", "10.1.2.3"), dimse::modality_worklist_find));
  CHECK(std::holds_alternative<dimse::Reject>(decide("READER", "LIST", "10.4.0.1")));
}

TEST_CASE("a destination is let in from its address, to report what it commits itself to and nothing else") {
  const auto archive = decide("ARCHIVE", "GATE", "10.9.0.1");
  CHECK(serves(archive, dimse::storage_commitment_push_model));
  CHECK_FALSE(std::get<dimse::Accept>(archive).contexts.storage);
  CHECK(std::get<dimse::Accept>(archive).contexts.services.size() == 1);
  CHECK(std::holds_alternative<dimse::Reject>(decide("ARCHIVE", "GATE", "10.9.0.2")));
  CHECK(std::holds_alternative<dimse::Reject>(decide("ARCHIVE", "CLEAN", "10.9.0.1")));
  CHECK(std::holds_alternative<dimse::Reject>(decide("ARCHIVE", "LIST", "10.9.0.1")));
}
