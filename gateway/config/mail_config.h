#pragma once

#include "gateway/config/tls_config.h"
#include "rules/trial/trial.h"
#include "rules/trial/yaml_reader.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// How the way to the mail server is protected.
enum class MailSecurity {
  starttls,  ///< RFC 3207; refused when the server does not offer it
  tls,       ///< TLS from the first byte (RFC 8314 §3.3)
  none,      ///< only to a server on the loopback address
};

/// The mail server and what is said through it.
struct MailConfig {
  std::string host;
  std::uint16_t port = 587;
  MailSecurity security = MailSecurity::starttls;
  std::string user;                     ///< empty: no authentication
  std::filesystem::path password_file;  ///< first line; readable by its owner alone
  std::filesystem::path ca_file;        ///< PEM; empty: the system's own certificates
  std::string from;                     ///< mailbox; answers of sites go there
  std::filesystem::path templates;      ///< folder with one folder a language
  std::chrono::seconds answer_within{std::chrono::hours(24 * 5)};  ///< from the verdict to the due date
  std::vector<std::chrono::seconds> reminders{
      std::chrono::hours(-24), std::chrono::hours(24)};  ///< from the due date, negative: before it
  std::chrono::seconds retry_first{60};                  ///< first wait after a failure; doubles
  std::chrono::seconds retry_longest{3600};
};

/// The archive of a site, which can be asked what it has of a study.
struct SitePacs {
  std::string ae_title;
  std::string calling_ae_title;  ///< empty: the node's own
  std::string host;
  std::uint16_t port = 104;
  TlsToPeer tls = {};
};

/// A trial site: whom to write to, in which language, and where its images come from.
struct Site {
  std::string id;                           ///< as peers and registers name it
  std::optional<rules::Language> language;  ///< not set: as the trial's `messages` say
  std::vector<std::string> technicians;     ///< mailboxes
  std::optional<SitePacs> pacs;             ///< not set: its studies are not compared with the source
};

/// Reads the section `mail`. Relative paths are taken from `folder`.
[[nodiscard]] MailConfig read_mail(const YAML::Node& yaml, const std::filesystem::path& folder,
                                   rules::YamlErrors& errors);
/// Reads one entry of the section `sites`.
[[nodiscard]] Site read_site(const YAML::Node& yaml, NodeTls& tls, const std::filesystem::path& folder,
                             rules::YamlErrors& errors);

/// Whether `text` can stand as an address in a mail header and an SMTP command: printable ASCII, one '@', no
/// space or bracket (a strict part of RFC 5321 §4.1.2).
[[nodiscard]] bool is_mailbox(std::string_view text) noexcept;

}  // namespace trialgate::gateway
