#include "dimse/implementation.h"
#include "dimse/scp/service_sop_classes.h"
#include "dimse/scp/storage_sop_classes.h"
#include "gateway/receive/site_access.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

using Cells = std::vector<std::string>;

std::string text_of_statement() {
  std::ifstream input(TRIALGATE_SOURCE_DIR "/packaging/conformance.md");
  std::ostringstream text;
  text << input.rdbuf();
  return text.str();
}

/// The rows of the first table after the line that begins with `heading`, without its own heading.
std::vector<Cells> rows_after(const std::string& heading) {
  std::istringstream text(text_of_statement());
  std::string line;
  while (std::getline(text, line) && !line.starts_with(heading)) {
  }
  std::vector<Cells> rows;
  while (std::getline(text, line)) {
    if (!line.starts_with('|')) {
      if (!rows.empty()) break;
      continue;
    }
    std::istringstream cells(line.substr(1));
    Cells row;
    for (std::string cell; std::getline(cells, cell, '|');) {
      const auto begin = cell.find_first_not_of(' ');
      row.push_back(begin == std::string::npos ? ""
                                               : cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin));
    }
    rows.push_back(std::move(row));
  }
  REQUIRE(rows.size() > 2);
  rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

std::map<std::string, std::string> names_by_uid(const std::vector<Cells>& rows) {
  std::map<std::string, std::string> names;
  for (const Cells& row : rows) CHECK_MESSAGE(names.emplace(row.at(1), row.at(0)).second, row.at(1));
  return names;
}

/// What SiteAccess grants a peer at this called AE title.
dimse::ContextPolicy granted_at(const std::string& called) {
  NodeConfig config;
  config.ae_title = "GATE";
  config.peers.push_back({"PEER", "SITE01", {}, 3});
  View view;
  view.ae_title = "VIEW";
  view.peers = {"PEER"};
  config.views.push_back(view);
  config.worklist = WorklistConfig{"LIST", 7, 0};
  SiteAccess access(config);
  const dimse::AeTitle from("PEER");
  const dimse::AeTitle to(called);
  const std::string address("127.0.0.1");
  const dimse::Uid implementation("1.2.3");
  const std::string version;
  return std::get<dimse::Accept>(
             access.decide({from, to, address, 104, implementation, version, std::nullopt}))
      .contexts;
}

std::set<std::string> marked(std::size_t column, const char* role) {
  std::set<std::string> uids;
  for (const Cells& row : rows_after("Services:")) {
    if (row.at(column) == role) uids.insert(row.at(1));
  }
  return uids;
}

std::set<std::string> served(const dimse::ContextPolicy& granted) {
  std::set<std::string> uids;
  for (const dimse::Uid& uid : granted.services) uids.insert(uid.value());
  if (granted.verification) uids.insert(std::string(dimse::verification_sop_class));
  return uids;
}

}  // namespace

TEST_CASE("PS3.2: the conformance statement has the storage SOP classes of the program, by name") {
  std::map<std::string, std::string> current;
  std::map<std::string, std::string> retired;
  for (const dimse::StorageSopClass& sop_class : dimse::storage_sop_classes())
    (sop_class.retired ? retired : current).emplace(sop_class.uid, sop_class.name);
  CHECK(names_by_uid(rows_after("Storage:")) == current);
  CHECK(names_by_uid(rows_after("Storage, retired")) == retired);
}

TEST_CASE("PS3.2: the conformance statement has the transfer syntaxes of the program") {
  std::set<std::string> stated;
  for (const auto& [uid, name] : names_by_uid(rows_after("Transfer syntaxes of every"))) stated.insert(uid);
  std::set<std::string> accepted;
  for (const dimse::Uid& uid : granted_at("GATE").transfer_syntaxes) accepted.insert(uid.value());
  CHECK(stated == accepted);
  accepted.clear();
  for (const dimse::Uid& uid : granted_at("VIEW").transfer_syntaxes) accepted.insert(uid.value());
  CHECK(stated == accepted);
}

TEST_CASE("PS3.2: the conformance statement has the services that the program grants where it says so") {
  const dimse::ContextPolicy ingest = granted_at("GATE");
  const dimse::ContextPolicy view = granted_at("VIEW");
  CHECK(marked(2, "SCP") == served(ingest));
  CHECK(marked(3, "SCP") == served(view));
  CHECK(marked(5, "SCP") == served(granted_at("LIST")));
  CHECK(ingest.storage);
  CHECK_FALSE(view.storage);
  CHECK(marked(4, "SCU") == std::set<std::string>{std::string(dimse::study_root_find),
                                                  std::string(dimse::storage_commitment_push_model)});
}

TEST_CASE("PS3.2: the conformance statement identifies the implementation") {
  const std::string text = text_of_statement();
  CHECK(text.find("| " + std::string(dimse::implementation_class_uid) + " |") != std::string::npos);
  CHECK(text.find("| " + std::string(dimse::implementation_version_name) + " |") != std::string::npos);
}
