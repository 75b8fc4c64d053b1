#pragma once

#include "dimse/instance_source.h"
#include "dimse/log.h"
#include "dimse/result.h"
#include "dimse/scp/normalized_service.h"
#include "dimse/scp/store_service.h"
#include "dimse/scu/operations.h"
#include "dimse/task.h"
#include "dimse/types.h"
#include "dimse/ul/tls_context.h"

#include <chrono>
#include <cstdint>
#include <memory>
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
      std::chrono::minutes(2);  ///< from the end of a request, or the last sign of the peer, to a response
  std::chrono::milliseconds release = std::chrono::seconds(10);
  std::chrono::milliseconds progress = std::chrono::seconds(30);  ///< allowance of every write and message
  std::uint32_t min_bytes_per_second = 8 * 1024;                  ///< rate floor beside it, both ways
  /// Operations under way at once that are asked for (PS3.7 §D.3.3.3, asynchronous operations window); 1
  /// proposes no window. Some peers cannot bear the proposal, so it is for those that are known to.
  std::uint16_t operations_window = 1;
  std::uint64_t association_id = 0;       ///< `id` of its log events, chosen by the caller
  std::string peer_id;                    ///< as in AssociationInfo, for the services of the peer's requests
  std::shared_ptr<const TlsContext> tls;  ///< null: a plain connection; the handshake counts to `associate`
  std::string tls_server_name;            ///< whom the peer's certificate must be made for; empty: `host`
};

/// Which part the requestor plays for a SOP class (PS3.7 §D.3.3.4). Other than scu it is proposed by a role
/// selection sub-item, one for each SOP class.
enum class ProposedRole : std::uint8_t {
  scu,  ///< the default: we invoke its operations
  scp,  ///< the peer invokes them on this association, as in C-GET
  both,
};

/// One presentation context to propose. The acceptor chooses one of the transfer syntaxes: to have two of
/// them at hand for a SOP class, propose two contexts.
struct ProposedContext {
  Uid abstract_syntax;
  std::vector<Uid> transfer_syntaxes;
  ProposedRole role = ProposedRole::scu;
};

/// Who takes what the peer asks of us on our association: C-STORE (sub-operations of a C-GET) and normalized
/// operations (N-EVENT-REPORT). They must outlive the Requestor. What nobody takes aborts the association.
/// `store` is also told the end of an association that was opened.
struct PeerServices {
  StoreService* store = nullptr;
  NormalizedService* normalized = nullptr;
};

/// An open association of which we are the requestor. Everything runs on the executor on which open() was
/// awaited, which one thread serves. Operations may be begun while others are under way: as many as
/// operations_window() run at once, the rest waits in the order it came, and responses may come in any order.
/// Every failure is a value and leaves the association ended, with the same failure for whatever had no final
/// response yet, except no_presentation_context, local_limit and odd_length, which are found before a byte is
/// sent.
class Requestor {
 public:
  /// Connects and negotiates. `log` must outlive the executor's context.
  /// Errors: what the system says of name or connection; deadline_expired; association_rejected with
  /// "result/source/reason" in `where`; no_presentation_context if the peer accepted none (it was released);
  /// local_limit for a config or proposal out of bounds (1 to 128 contexts); peer_aborted, peer_closed,
  /// malformed_pdu; tls_refused.
  [[nodiscard]] static Task<Result<std::unique_ptr<Requestor>>> open(RequestorConfig config,
                                                                     std::vector<ProposedContext> contexts,
                                                                     Log& log, PeerServices services = {});
  /// Still open: aborts and closes the connection without waiting.
  ~Requestor();
  Requestor(const Requestor&) = delete;
  Requestor& operator=(const Requestor&) = delete;

  /// The peer accepted a presentation context for this SOP class with this transfer syntax.
  [[nodiscard]] bool accepts(const Uid& sop_class, const Uid& transfer_syntax) const;
  /// The peer accepted a context of this SOP class with us as SCP of it.
  [[nodiscard]] bool is_scp_of(const Uid& sop_class) const;
  /// Operations that may be under way at once; 1 unless a window was proposed and accepted.
  [[nodiscard]] std::uint16_t operations_window() const;
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
  /// match, unless C-CANCEL was sent.
  [[nodiscard]] Task<Result<FindResponse>> find(FindOperation operation);
  /// C-MOVE or C-GET; as find(), with pending responses and C-STORE requests of the peer as signs of life.
  [[nodiscard]] Task<Result<RetrieveResponse>> retrieve(RetrieveOperation operation);
  /// An N- operation or notification; returns the peer's answer, whatever its status.
  [[nodiscard]] Task<Result<NormalizedResult>> perform(NormalizedOperation operation);
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
