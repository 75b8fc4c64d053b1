#pragma once

#include "dimse/log.h"
#include "dimse/result.h"
#include "dimse/task.h"
#include "dimse/types.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace trialgate::dimse {

/// Where to, as whom, and how long to wait. All times are absolute deadlines.
struct RequestorConfig {
  std::string host;  ///< name or numeric address
  std::uint16_t port = 11112;
  AeTitle calling;
  AeTitle called;
  std::uint32_t max_pdu_bytes = 128 * 1024;  ///< advertised Maximum-length-received; even, 4096 to 1 MiB
  std::chrono::milliseconds connect = std::chrono::seconds(15);    ///< resolving the name and TCP
  std::chrono::milliseconds associate = std::chrono::seconds(30);  ///< from A-ASSOCIATE-RQ to the answer
  std::chrono::milliseconds response =
      std::chrono::minutes(2);  ///< from the end of a request to its response
  std::chrono::milliseconds release = std::chrono::seconds(10);
  std::chrono::milliseconds progress = std::chrono::seconds(30);  ///< allowance of every write and message
  std::uint32_t min_bytes_per_second = 8 * 1024;                  ///< rate floor beside it, both ways
  std::uint64_t association_id = 0;  ///< `id` of its log events, chosen by the caller
};

/// One presentation context to propose. The acceptor chooses one of the transfer syntaxes: to have two of
/// them at hand for a SOP class, propose two contexts.
struct ProposedContext {
  Uid abstract_syntax;
  std::vector<Uid> transfer_syntaxes;
};

/// Gives the data set of one instance. Called from the association's coroutine only.
class InstanceSource {
 public:
  virtual ~InstanceSource() = default;
  /// Length of the whole data set; even.
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  /// Next 1 to `at_most` bytes, valid until the next call; an empty span at the end. A failure, or an end
  /// before size_bytes(), aborts the association, because half a data set cannot be taken back otherwise.
  virtual Task<Result<std::span<const std::uint8_t>>> read(std::size_t at_most) = 0;
};

enum class Priority : std::uint16_t { medium = 0, high = 1, low = 2 };

/// One C-STORE. Name it before `co_await store(...)`: GCC 12 destroys an aggregate built inside the
/// expression twice.
struct StoreOperation {
  Uid sop_class;
  Uid sop_instance;
  Uid transfer_syntax;
  Priority priority = Priority::medium;
  InstanceSource* source = nullptr;  ///< must live until the operation completes
  std::optional<AeTitle> move_originator;
  std::optional<std::uint16_t> move_originator_message_id;
};

struct StoreResponse {
  std::uint16_t status = 0;   ///< DIMSE status (dimse/status.h); only success means stored as sent
  std::string error_comment;  ///< the peer's words; may hold anything, so do not log it unmasked
};

/// One C-FIND (PS3.4 §C.4.1). Name it before `co_await find(...)`.
struct FindOperation {
  Uid sop_class;
  Uid transfer_syntax;                   ///< of the identifiers, both ways
  std::vector<std::uint8_t> identifier;  ///< the query as a data set of even length
  std::size_t max_matches = 100'000;     ///< a peer that sends more, or more than 64 MiB, is aborted
};

struct FindResponse {
  std::uint16_t status = 0;  ///< the final one
  std::string error_comment;
  std::vector<std::vector<std::uint8_t>> matches;  ///< identifiers of the pending responses, as they came
};

/// An open association of which we are the requestor. Everything runs on the executor on which open() was
/// awaited, which one thread serves; one operation at a time. Every failure is a value and leaves the
/// association ended, except no_presentation_context, local_limit and odd_length, which are found before a
/// byte is sent.
class Requestor {
 public:
  /// Connects and negotiates. `log` must outlive the executor's context.
  /// Errors: what the system says of name or connection; deadline_expired; association_rejected with
  /// "result/source/reason" in `where`; no_presentation_context if the peer accepted none (it was released);
  /// local_limit for a config or proposal out of bounds (1 to 128 contexts); peer_aborted, peer_closed,
  /// malformed_pdu.
  [[nodiscard]] static Task<Result<std::unique_ptr<Requestor>>> open(RequestorConfig config,
                                                                     std::vector<ProposedContext> contexts,
                                                                     Log& log);
  /// Still open: aborts and closes the connection without waiting.
  ~Requestor();
  Requestor(const Requestor&) = delete;
  Requestor& operator=(const Requestor&) = delete;

  /// The peer accepted a presentation context for this SOP class with this transfer syntax.
  [[nodiscard]] bool accepts(const Uid& sop_class, const Uid& transfer_syntax) const;
  /// What the peer chose for the contexts of this SOP class, in the order of the proposal.
  [[nodiscard]] std::vector<Uid> accepted_transfer_syntaxes(const Uid& sop_class) const;
  /// The association can still carry an operation.
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] const AssociationInfo& info() const;

  /// C-ECHO; returns the status. Needs a context for the Verification SOP class.
  [[nodiscard]] Task<Result<std::uint16_t>> echo();
  /// C-STORE; returns the peer's answer, whatever its status.
  [[nodiscard]] Task<Result<StoreResponse>> store(StoreOperation operation);
  /// C-FIND; returns when the peer has sent its final response. The response deadline counts anew from each
  /// match.
  [[nodiscard]] Task<Result<FindResponse>> find(FindOperation operation);
  /// A-RELEASE, also when both sides ask at once; the connection is closed afterwards, whatever the result.
  [[nodiscard]] Task<Result<void>> release();
  /// A-ABORT by the user; closes the connection.
  void abort();

 private:
  class Impl;
  explicit Requestor(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace trialgate::dimse
