#pragma once

#include "gateway/config/stow_config.h"
#include "gateway/deliver/stow_body.h"

#include <atomic>
#include <chrono>
#include <string>

namespace trialgate::gateway {

/// What came back. `problem` is set when there is no whole answer: one sentence, without secrets.
struct StowAnswer {
  std::string problem;
  long http_status = 0;
  std::string body;
};

/// Sends one request at a time, over one connection as long as that holds. TLS 1.2 at least, the server's
/// certificate and name are checked, no redirection is followed. Blocks; one thread at a time.
class StowClient {
 public:
  /// `patience`: how long nothing may move in either direction. All must outlive the client.
  StowClient(const StowConfig& config, std::chrono::seconds patience, const std::atomic<bool>& stopping);
  ~StowClient();
  StowClient(const StowClient&) = delete;
  StowClient& operator=(const StowClient&) = delete;

  [[nodiscard]] StowAnswer send(StowBody& body);

 private:
  /// Empty, or what is wrong with the credentials.
  [[nodiscard]] std::string set_credentials();

  const StowConfig& config_;
  const std::chrono::seconds patience_;
  const std::atomic<bool>& stopping_;
  void* handle_;  ///< CURL, owned
};

}  // namespace trialgate::gateway
