#include "gateway/deliver/stow_client.h"

#include "gateway/config/key_file.h"

#include <openssl/crypto.h>

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <utility>
#include <variant>

namespace trialgate::gateway {
namespace {

/// A result of every instance of a request takes a few hundred bytes.
constexpr std::size_t longest_answer = 4 * 1024 * 1024;
constexpr long connect_seconds = 15;

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

std::size_t give(char* into, std::size_t size, std::size_t count, void* body) {
  std::size_t given = 0;
  return static_cast<StowBody*>(body)->read(into, size * count, given) ? given : CURL_READFUNC_ABORT;
}

/// A connection that was closed by the server before it read anything is opened anew, and all is sent again.
int start_again(void* body, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<StowBody*>(body)->rewind();
  return CURL_SEEKFUNC_OK;
}

std::size_t take(char* from, std::size_t size, std::size_t count, void* answer) {
  auto& text = *static_cast<std::string*>(answer);
  if (text.size() + size * count > longest_answer) return 0;
  text.append(from, size * count);
  return size * count;
}

int stop_asked(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(stopping) ? 1 : 0;
}

}  // namespace

StowClient::StowClient(const StowConfig& config, std::chrono::seconds patience,
                       const std::atomic<bool>& stopping)
    : config_(config), patience_(patience), stopping_(stopping), handle_(nullptr) {
  start_curl();
  handle_ = curl_easy_init();
}

StowClient::~StowClient() {
  if (handle_ != nullptr) curl_easy_cleanup(handle_);
}

std::string StowClient::set_credentials() {
  const bool bearer = !config_.bearer_token_file.empty();
  if (!bearer && config_.user.empty()) return {};
  auto read = read_password_file(bearer ? config_.bearer_token_file : config_.password_file);
  if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
  std::string& secret = std::get<Password>(read).text;
  if (bearer) {
    curl_easy_setopt(handle_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    curl_easy_setopt(handle_, CURLOPT_XOAUTH2_BEARER, secret.c_str());
  } else {
    curl_easy_setopt(handle_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(handle_, CURLOPT_USERNAME, config_.user.c_str());
    curl_easy_setopt(handle_, CURLOPT_PASSWORD, secret.c_str());
  }
  OPENSSL_cleanse(secret.data(), secret.size());
  return {};
}

StowAnswer StowClient::send(StowBody& body) {
  if (handle_ == nullptr) return {"out of memory", 0, {}};
  // Options go, the connection stays.
  curl_easy_reset(handle_);
  StowAnswer answer;
  answer.problem = set_credentials();
  if (!answer.problem.empty()) return answer;
  std::unique_ptr<curl_slist, FreeList> headers(
      curl_slist_append(nullptr, ("Content-Type: " + body.content_type()).c_str()));
  // Without these curl would wait a second for a server that knows no interim answer.
  for (const char* line : {"Accept: application/dicom+json", "Expect:"}) {
    curl_slist* const longer = curl_slist_append(headers.get(), line);
    (void)headers.release();
    headers.reset(longer);
  }
  const std::string url = config_.url + "/studies";
  curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle_, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!config_.ca_file.empty()) curl_easy_setopt(handle_, CURLOPT_CAINFO, config_.ca_file.c_str());
  if (!config_.certificate_file.empty()) {
    curl_easy_setopt(handle_, CURLOPT_SSLCERT, config_.certificate_file.c_str());
    curl_easy_setopt(handle_, CURLOPT_SSLKEY, config_.key_file.c_str());
  }
  curl_easy_setopt(handle_, CURLOPT_POST, 1L);
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size_bytes()));
  curl_easy_setopt(handle_, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024L);
  curl_easy_setopt(handle_, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(handle_, CURLOPT_READDATA, static_cast<void*>(&body));
  curl_easy_setopt(handle_, CURLOPT_SEEKFUNCTION, start_again);
  curl_easy_setopt(handle_, CURLOPT_SEEKDATA, static_cast<void*>(&body));
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
  curl_easy_setopt(handle_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle_, CURLOPT_XFERINFOFUNCTION, stop_asked);
  curl_easy_setopt(handle_, CURLOPT_XFERINFODATA, static_cast<const void*>(&stopping_));
  curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(patience_.count()));
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  const CURLcode code = curl_easy_perform(handle_);
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer.http_status);
  if (code != CURLE_OK) answer.problem = curl_easy_strerror(code);
  return answer;
}

}  // namespace trialgate::gateway
