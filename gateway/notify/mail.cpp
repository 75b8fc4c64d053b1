#include "gateway/notify/mail.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <mutex>

namespace trialgate::gateway {
namespace {

constexpr long connect_seconds = 15;
constexpr long whole_seconds = 60;

struct FreeEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeMime {
  void operator()(curl_mime* mime) const noexcept { curl_mime_free(mime); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Mime = std::unique_ptr<curl_mime, FreeMime>;
using List = std::unique_ptr<curl_slist, FreeList>;

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

void append(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  (void)list.release();
  list.reset(longer);
}

std::string joined(const std::vector<std::string>& mailboxes) {
  std::string text;
  for (const std::string& mailbox : mailboxes) text += (text.empty() ? "" : ", ") + mailbox;
  return text;
}

List headers_of(const MailMessage& message, const std::string& from) {
  List headers;
  append(headers, "Date: " + mail_date(message.at));
  append(headers, "From: " + from);
  append(headers, "To: " + joined(message.to));
  append(headers, "Subject: " + encoded_header(message.subject));
  append(headers, "Message-ID: <" + message.message_id + ">");
  append(headers, "Content-Language: " + message.language);
  // RFC 3834: no holiday greeting comes back.
  append(headers, "Auto-Submitted: auto-generated");
  return headers;
}

void add_part(curl_mime* alternatives, const std::string& content, const char* type) {
  curl_mimepart* const part = curl_mime_addpart(alternatives);
  // RFC 2045 §6.8: a text's line ends are CRLF before base64 hides them.
  std::string lines;
  lines.reserve(content.size() + content.size() / 16);
  for (const char c : content) {
    if (c == '\n' && !lines.ends_with('\r')) lines += '\r';
    lines += c;
  }
  curl_mime_data(part, lines.data(), lines.size());
  curl_mime_type(part, type);
  curl_mime_encoder(part, "base64");
}

/// Counts the recipients that the server refuses.
struct RecipientReplies {
  bool asked = false;  ///< the next reply is that to a RCPT
  std::size_t refused = 0;
};

int watch_replies(CURL*, curl_infotype type, char* data, std::size_t size, void* replies) {
  auto& watched = *static_cast<RecipientReplies*>(replies);
  const std::string_view line(data, size);
  if (type == CURLINFO_HEADER_OUT) watched.asked = line.starts_with("RCPT TO:");
  if (type != CURLINFO_HEADER_IN || !watched.asked || line.size() < 4 || line[3] == '-') return 0;
  if (line.front() == '4' || line.front() == '5') ++watched.refused;
  watched.asked = false;
  return 0;
}

int stop_asked(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(stopping) ? 1 : 0;
}

void set_server(CURL* handle, const MailConfig& config, const std::string& password) {
  const bool implicit = config.security == MailSecurity::tls;
  const bool literal_v6 = config.host.find(':') != std::string::npos;
  const std::string host = literal_v6 ? "[" + config.host + "]" : config.host;
  const std::string url = (implicit ? "smtps://" : "smtp://") + host + ":" + std::to_string(config.port);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(handle, CURLOPT_USE_SSL,
                   config.security == MailSecurity::none ? long{CURLUSESSL_NONE} : long{CURLUSESSL_ALL});
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!config.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, config.ca_file.c_str());
  if (!config.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, config.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, password.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, whole_seconds);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? digits[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

}  // namespace

std::string encoded_header(std::string_view utf8) {
  std::string clean(utf8);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  const bool ascii = std::ranges::all_of(clean, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  // A value that looks like an encoded-word would be decoded as one.
  if (ascii && clean.find("=?") == std::string::npos) return clean;
  // RFC 2047 §2: a word has at most 75 characters, of which 12 are its frame, and holds whole characters
  // only.
  constexpr std::size_t most_bytes = 45;
  std::string header;
  for (std::size_t at = 0; at < clean.size();) {
    std::size_t end = std::min(at + most_bytes, clean.size());
    while (end < clean.size() && end > at + 1 && is_continuation(clean[end])) --end;
    if (!header.empty()) header += ' ';
    header += "=?UTF-8?B?" + base64(std::string_view(clean).substr(at, end - at)) + "?=";
    at = end;
  }
  return header;
}

std::string mail_date(storage::UtcTime at) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %d %02d:%02d:%02d +0000",
                days.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                months.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

MailOutcome SmtpClient::send(const MailMessage& message, bool all_or_none) const {
  start_curl();
  const Easy easy(curl_easy_init());
  if (!easy) return {"out of memory", 0};
  CURL* const handle = easy.get();
  set_server(handle, config_, password_);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, stop_asked);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, static_cast<const void*>(&stopping_));

  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, config_.from.c_str());
  List recipients;
  for (const std::string& mailbox : message.to) append(recipients, mailbox);
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, all_or_none ? 0L : 1L);
  RecipientReplies replies;
  curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, watch_replies);
  curl_easy_setopt(handle, CURLOPT_DEBUGDATA, static_cast<void*>(&replies));
  curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L);
  const List headers = headers_of(message, config_.from);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());

  const Mime whole(curl_mime_init(handle));
  curl_mime* const alternatives = curl_mime_init(handle);
  add_part(alternatives, message.text, "text/plain; charset=utf-8");
  add_part(alternatives, message.html, "text/html; charset=utf-8");
  curl_mimepart* const part = curl_mime_addpart(whole.get());
  curl_mime_subparts(part, alternatives);  // takes it over
  curl_mime_type(part, "multipart/alternative");
  curl_easy_setopt(handle, CURLOPT_MIMEPOST, whole.get());

  const CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_OK) return {{}, replies.refused};
  long answer = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer);
  std::string why = curl_easy_strerror(code);
  if (answer >= 400) why += " (SMTP answer " + std::to_string(answer) + ")";
  return {why, 0};
}

}  // namespace trialgate::gateway
