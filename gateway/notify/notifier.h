#pragma once

#include "gateway/config/node_config.h"
#include "gateway/config/trial_book.h"
#include "gateway/log/logger.h"
#include "gateway/notify/mail.h"
#include "gateway/notify/notice_templates.h"
#include "storage/store.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace trialgate::gateway {

/// Sends the notices that are due, on a thread of its own. What is to be sent stands in the store, written
/// there with the verdict that is its cause. A notice counts as sent once the mail server has taken it; until
/// then it is tried again, with growing waits and without end. Cut off between the two, it is sent once more
/// under the same Message-ID.
class Notifier {
 public:
  Notifier(storage::Store& store, const TrialBook& trials, const NodeConfig& config, const MailConfig& mail,
           NoticeTemplates templates, std::string password, Logger& log);
  /// Breaks off a mail under way.
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

 private:
  void run();
  void send_due();
  [[nodiscard]] storage::Result<void> send(const storage::NoticeRow& notice);
  [[nodiscard]] storage::Result<void> settle(storage::NoticeRow notice, const storage::QueryRow& query,
                                             const MailOutcome& outcome);
  [[nodiscard]] rules::Language language_of(const Site& site, std::string_view trial_id) const;
  [[nodiscard]] const Site* site_of(const std::string& id) const;
  [[nodiscard]] std::string message_id(const storage::NoticeRow& notice) const;

  storage::Store& store_;
  const TrialBook& trials_;
  const NodeConfig& config_;
  const MailConfig& mail_;
  const NoticeTemplates templates_;
  Logger& log_;
  std::atomic<bool> stopping_ = false;
  SmtpClient client_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace trialgate::gateway
