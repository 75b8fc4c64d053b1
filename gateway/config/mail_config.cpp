#include "gateway/config/mail_config.h"

#include "gateway/config/members.h"
#include "gateway/config/network_block.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace trialgate::gateway {
namespace {

constexpr std::array<std::string_view, 3> securities{"starttls", "tls", "none"};
constexpr std::array<std::string_view, 2> languages{"en", "zh"};
constexpr double longest_days = 3650;

void read_reminders(rules::YamlMap& map, MailConfig& mail, rules::YamlErrors& errors) {
  const auto list = map.take("remind_days");
  if (!list) return;
  if (!list->IsSequence()) {
    errors.add(*list, "remind_days is not a list; expected days from the due date, e.g. [-1, 1]");
    return;
  }
  mail.reminders.clear();
  for (const YAML::Node& entry : *list) {
    const auto days = rules::read_number(entry, "remind_days", errors);
    if (days && std::abs(*days) <= longest_days) {
      mail.reminders.emplace_back(std::llround(*days * 86'400));
    } else if (days) {
      errors.add(entry, "remind_days is out of range; expected -3650 to 3650 days");
    }
  }
}

void check_mail(const YAML::Node& yaml, const MailConfig& mail, rules::YamlErrors& errors) {
  if (mail.host.empty()) errors.add(yaml, "mail has no host; expected the mail server's name");
  if (!is_mailbox(mail.from)) errors.add(yaml, "mail has no valid from; expected one address, name@domain");
  if (mail.user.empty() != mail.password_file.empty()) {
    errors.add(yaml, "user and password_file belong together");
  }
  if (mail.security == MailSecurity::none && !mail.host.empty() && !is_loopback(mail.host)) {
    errors.add(yaml, "security is none, but the mail server is on another machine; expected starttls or tls");
  }
}

}  // namespace

bool is_mailbox(std::string_view text) noexcept {
  constexpr std::string_view special = "()<>[]:;,\\\"";
  const std::size_t at = text.find('@');
  const auto plain = [&](char c) { return c > ' ' && c < 0x7f && special.find(c) == std::string_view::npos; };
  return text.size() <= 254 && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && std::ranges::all_of(text, plain);
}

MailConfig read_mail(const YAML::Node& yaml, const std::filesystem::path& folder, rules::YamlErrors& errors) {
  MailConfig mail;
  mail.templates = folder / "messages";
  rules::YamlMap map(yaml, "mail", errors);
  Members members(map, errors, folder);
  members.text("host", mail.host);
  members.integer("port", mail.port, 1, 65535);
  if (const auto security = map.take("security")) {
    if (const auto place = rules::read_word(*security, "security", securities, errors))
      mail.security = static_cast<MailSecurity>(*place);
  }
  members.text("user", mail.user);
  members.path("password_file", mail.password_file);
  members.path("ca_file", mail.ca_file);
  members.text("from", mail.from);
  members.path("templates", mail.templates);
  members.days("answer_within_days", mail.answer_within, 0, longest_days);
  read_reminders(map, mail, errors);
  members.seconds("retry_first_seconds", mail.retry_first, 1, 3600);
  members.seconds("retry_longest_seconds", mail.retry_longest, 1, 86'400);
  if (map.is_map()) check_mail(yaml, mail, errors);
  map.finish();
  return mail;
}

Site read_site(const YAML::Node& yaml, NodeTls& tls, const std::filesystem::path& folder,
               rules::YamlErrors& errors) {
  Site site;
  rules::YamlMap map(yaml, "site", errors);
  Members members(map, errors, {});
  members.text("id", site.id);
  if (const auto language = map.take("language")) {
    if (const auto place = rules::read_word(*language, "language", languages, errors))
      site.language = static_cast<rules::Language>(*place);
  }
  if (const auto technicians = map.take("technicians")) {
    site.technicians = rules::read_texts(*technicians, "technicians", errors);
    for (const std::string& mailbox : site.technicians) {
      if (!is_mailbox(mailbox))
        errors.add(*technicians, "'" + mailbox + "' is not an address; expected name@domain");
    }
  }
  if (const auto node = map.take("pacs")) {
    rules::YamlMap pacs_map(*node, "pacs", errors);
    Members of_pacs(pacs_map, errors, {});
    SitePacs pacs;
    of_pacs.ae_title("ae_title", pacs.ae_title);
    of_pacs.ae_title("calling_ae_title", pacs.calling_ae_title);
    of_pacs.text("host", pacs.host);
    of_pacs.integer("port", pacs.port, 1, 65535);
    pacs.tls = take_tls_to_peer(pacs_map, pacs.host, tls, folder, errors);
    if (pacs_map.is_map() && (pacs.ae_title.empty() || pacs.host.empty()))
      errors.add(*node, "pacs needs an ae_title and a host");
    pacs_map.finish();
    site.pacs = std::move(pacs);
  }
  if (map.is_map() && site.id.empty()) errors.add(yaml, "site has no id");
  map.finish();
  return site;
}

}  // namespace trialgate::gateway
