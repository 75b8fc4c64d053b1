#pragma once

#include "gateway/config/mail_config.h"
#include "storage/time.h"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// A mail with a text and an HTML part that say the same (multipart/alternative).
struct MailMessage {
  std::vector<std::string> to;  ///< mailboxes
  std::string subject;          ///< UTF-8
  std::string message_id;       ///< without brackets; the same for every attempt
  std::string language;         ///< RFC 5646 tag
  storage::UtcTime at;
  std::string text;  ///< UTF-8
  std::string html;  ///< UTF-8
};

/// A header value as RFC 2047 encoded-words where it is not plain ASCII; control characters become spaces.
[[nodiscard]] std::string encoded_header(std::string_view utf8);
/// RFC 5322 §3.3: "Mon, 02 Mar 2026 08:15:30 +0000".
[[nodiscard]] std::string mail_date(storage::UtcTime at);

/// What became of a mail.
struct MailOutcome {
  std::string problem;      ///< empty: the server has taken it; otherwise why not, without addresses
  std::size_t refused = 0;  ///< recipients that the server refused, although it took the mail for others
};

/// Hands mails to the configured server over SMTP. One thread at a time; blocks for as long as the server
/// takes, at most a minute, or until `stopping`.
class SmtpClient {
 public:
  SmtpClient(const MailConfig& config, std::string password, const std::atomic<bool>& stopping)
      : config_(config), password_(std::move(password)), stopping_(stopping) {}

  /// `all_or_none`: a recipient that is refused stops the mail; otherwise it goes to those that are accepted.
  [[nodiscard]] MailOutcome send(const MailMessage& message, bool all_or_none) const;

 private:
  const MailConfig& config_;
  std::string password_;
  const std::atomic<bool>& stopping_;
};

}  // namespace trialgate::gateway
