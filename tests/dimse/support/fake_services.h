#pragma once

#include "dimse/scp/service_sop_classes.h"
#include "dimse/scp/services.h"
#include "tests/dimse/support/node.h"
#include "tests/dimse/support/raw_peer.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::test {

inline constexpr const char* implicit_le = "1.2.840.10008.1.2";
inline constexpr const char* explicit_le = "1.2.840.10008.1.2.1";

/// Gives matches as the test says.
class FakeFind final : public dimse::FindService {
 public:
  std::size_t matches = 3;  ///< SIZE_MAX: without end
  Bytes identifier = bytes("0800 5200 06000000 'STUDY '");
  bool all_keys_supported = true;
  dimse::FindEnd end{};
  std::chrono::milliseconds each_takes{0};

  dimse::Task<std::unique_ptr<dimse::FindMatches>> find(dimse::FindRequest request) override;

  std::optional<dimse::FindRequest> last_request();
  std::atomic<std::size_t> given{0};
  std::atomic<int> alive{0};  ///< FindMatches that were not destroyed

 private:
  class Matches;
  std::mutex mutex_;
  std::optional<dimse::FindRequest> last_;
};

/// Retrieves CT instances 1.2.0, 1.2.1... by C-GET; a C-MOVE only counts.
class FakeRetrieve final : public dimse::RetrieveService {
 public:
  std::size_t instances = 3;
  std::size_t instance_bytes = 1000;
  std::optional<std::size_t> breaks_at{};  ///< the source of this instance fails after half its bytes
  std::optional<dimse::RetrieveRefusal> refusal{};
  std::chrono::milliseconds each_takes{0};  ///< of a C-MOVE
  std::vector<dimse::Uid> move_failures{};

  dimse::Task<std::variant<std::unique_ptr<dimse::GetOperation>, dimse::RetrieveRefusal>> get(
      dimse::RetrieveRequest request) override;
  dimse::Task<std::variant<std::unique_ptr<dimse::MoveOperation>, dimse::RetrieveRefusal>> move(
      dimse::RetrieveRequest request) override;

  std::optional<dimse::RetrieveRequest> last_request();
  std::atomic<int> alive{0};  ///< operations that were not destroyed
  std::atomic<int> answered{0};

 private:
  class Get;
  class Move;
  std::mutex mutex_;
  std::optional<dimse::RetrieveRequest> last_;
};

/// Answers as the test says.
class FakeNormalized final : public dimse::NormalizedService {
 public:
  dimse::NormalizedResponse response{};
  dimse::Task<dimse::NormalizedResponse> perform(dimse::NormalizedRequest request) override;
  std::optional<dimse::NormalizedRequest> last_request();

 private:
  std::mutex mutex_;
  std::optional<dimse::NormalizedRequest> last_;
};

/// A node with all services; its policy grants query/retrieve, work list, storage commitment and MPPS.
class ServiceNode {
 public:
  explicit ServiceNode(dimse::AcceptorConfig config = test_config());

  FakeFind find;
  FakeRetrieve retrieve;
  FakeNormalized normalized;
  Node node;
};

/// A message as it came from the node.
struct RawMessage {
  int context = 0;
  dimse::CommandSet command;
  Bytes data_set;

  [[nodiscard]] int status() const { return command.us(dimse::CommandElement::status).value_or(-1); }
  [[nodiscard]] int count(dimse::CommandElement element) const {
    const auto value = command.us(element);
    return value ? *value : -1;
  }
};
/// nullopt at the end of the stream and for an A-ABORT.
std::optional<RawMessage> receive_message(RawPeer& peer);
void send_message(RawPeer& peer, int context, const dimse::CommandSet& command, const Bytes& data_set = {});
void send_cancel(RawPeer& peer, int context, std::uint16_t message_id);

}  // namespace trialgate::test
