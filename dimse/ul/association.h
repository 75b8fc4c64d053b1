#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/pdu/pdu_reader.h"
#include "dimse/result.h"
#include "dimse/scp/store_service.h"
#include "dimse/task.h"
#include "dimse/ul/association_log.h"
#include "dimse/ul/association_machine.h"
#include "dimse/ul/rate_floor.h"
#include "dimse/ul/transport.h"
#include "dimse/ul/watchdog.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

namespace trialgate::dimse {

/// Limits of one association; see AcceptorConfig and RequestorConfig.
struct AssociationLimits {
  std::uint32_t max_pdu_bytes = 128 * 1024;
  std::chrono::milliseconds artim = std::chrono::seconds(30);
  std::chrono::milliseconds idle = std::chrono::minutes(2);
  std::chrono::milliseconds progress = std::chrono::seconds(30);
  std::uint32_t min_bytes_per_second = 8 * 1024;
};

struct ReleaseIndicated {};  ///< the peer asks for release: answer with respond_release()
struct ReleaseConfirmed {
};  ///< our release is through; the connection is closed, after a collision as acceptor not yet

/// What comes from the peer to the upper layer's user (PS3.8 §7).
using Indication = std::variant<AssociateRq, AssociateAc, PdvFragment, ReleaseIndicated, ReleaseConfirmed>;

/// Which deadline supervises a receive().
enum class Waiting : std::uint8_t {
  for_message,  ///< nothing is under way: the idle deadline
  for_rest,     ///< a message has begun: the rate floor
  for_answer,   ///< the caller has set a deadline of its own
};

/// Upper layer of one association in either role: the socket work around AssociationMachine (PS3.8 §9.2).
/// Lives on one executor. One coroutine may be in receive() while another one sends. Every deadline closes
/// the connection, after an A-ABORT if that can still be told.
class Association {
 public:
  Association(std::unique_ptr<Transport> transport, Role role, AssociationLimits limits, AssociationLog log);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  [[nodiscard]] State state() const noexcept { return machine_.state(); }
  [[nodiscard]] const AssociationLog& log() const noexcept { return log_; }
  [[nodiscard]] Watchdog& watchdog() noexcept { return watchdog_; }
  /// How it ended; meaningful in Sta1 and Sta13.
  [[nodiscard]] AssociationEnd end() const noexcept { return end_; }
  /// The peer has sent something at all.
  [[nodiscard]] bool has_received() const noexcept { return received_bytes_ > 0; }
  [[nodiscard]] boost::asio::any_io_executor executor() { return transport_->executor(); }
  /// With what the peer authenticated itself; null on a plain connection.
  [[nodiscard]] const TlsCertificate* peer_certificate() const noexcept {
    return transport_->peer_certificate();
  }

  /// Next indication. A fragment's bytes are valid until the next call.
  /// What the standard answers by itself is answered here: an invalid or unexpected PDU by A-ABORT, after
  /// which the connection is lingered on until the peer closes it or ARTIM expires. Errors: peer_aborted,
  /// peer_closed, association_rejected (with result/source/reason in `where`), deadline_expired,
  /// artim_expired, shutting_down, what the PDU reader says. The association has ended then.
  [[nodiscard]] Task<Result<Indication>> receive(Waiting waiting);

  /// A-ASSOCIATE-RQ; receive() brings the answer.
  [[nodiscard]] Task<Result<void>> request(const AssociateRq& rq);
  [[nodiscard]] Task<Result<void>> accept(const AssociateAc& ac);
  /// A-ASSOCIATE-RJ, then lingers.
  [[nodiscard]] Task<void> reject(AssociateRj rj);
  /// Writes whole P-DATA-TF PDUs, in one go.
  [[nodiscard]] Task<Result<void>> send_p_data(std::span<const std::uint8_t> pdus);
  /// A-RELEASE-RQ; receive() brings what follows.
  [[nodiscard]] Task<Result<void>> request_release();
  /// A-RELEASE-RP. In Sta8 and Sta12 it lingers afterwards; after a collision as requestor (Sta9) receive()
  /// brings the peer's answer.
  [[nodiscard]] Task<Result<void>> respond_release();
  /// A-ABORT with the source and reason for `failure` (failure_map.h), then lingers.
  [[nodiscard]] Task<void> abort(Failure failure);

  /// A-ABORT by the user if it can go out at once, and close. A receive() or send under way fails with `why`.
  void abort_now(Errc why);
  /// Ends the association at the next point between two messages: at once if that is now.
  void request_stop();
  /// What the caller of receive(for_answer) waited for is over: what is under way goes on as
  /// receive(for_message). Does nothing if none is, or if a PDU has begun.
  void await_message();
  /// A send is under way in another coroutine.
  [[nodiscard]] bool is_writing() const noexcept { return writing_; }
  [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_; }

 private:
  using Handled = std::variant<std::monostate, Indication, Failure>;

  Handled handle(const PduEvent& event);
  Handled handle_control(const ControlPdu& pdu);
  Handled handle_rejected(std::span<const std::uint8_t> body);
  Handled handle_aborted(std::span<const std::uint8_t> body);
  Handled invalid(const Failure& failure);
  /// Steps the machine for a PDU that has no business in this state; nullopt if it has.
  std::optional<Failure> unexpected(Event event, const char* pdu);

  Task<Result<void>> fill(Waiting waiting);
  Task<Result<void>> write(std::span<const std::uint8_t> bytes);
  Task<void> send_pending_abort();
  Task<void> linger();
  Failure closed(const boost::system::error_code& error);
  void apply(const Effects& effects);
  void process(Event event, bool acceptable = true);
  void on_deadline(Deadline deadline);
  void close() noexcept;
  void grow_buffer();
  void supervise_idle();

  std::unique_ptr<Transport> transport_;
  AssociationMachine machine_;
  AssociationLimits limits_;
  AssociationLog log_;
  PduReader reader_;
  RateFloor floor_;
  Watchdog watchdog_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t buffer_bytes_;
  std::span<const std::uint8_t> unread_;  ///< in buffer_; empty before the next read
  std::uint64_t received_bytes_ = 0;
  std::optional<Abort> pending_abort_;
  std::optional<Errc> ended_by_us_;
  AssociationEnd end_ = AssociationEnd::connection_lost;
  bool writing_ = false;
  bool closed_ = false;
  bool sent_last_ = false;  ///< the sending direction is shut down
  bool waiting_between_messages_ = false;
  bool waiting_for_answer_ = false;
  bool stop_requested_ = false;
};

}  // namespace trialgate::dimse
