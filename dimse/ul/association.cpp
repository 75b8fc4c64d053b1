#include "dimse/ul/association.h"

#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "dimse/ul/failure_map.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace trialgate::dimse {
namespace {

// Enough for any A-ASSOCIATE-RQ of a well-meaning peer in a read or two; what moves data sets grows.
constexpr std::size_t first_buffer_bytes = 4096;
// Beyond this no gain was measured; a longer PDU simply takes several reads.
constexpr std::size_t largest_buffer_bytes = 128 * 1024;

std::string numbers(std::uint8_t a, std::uint8_t b) {
  return std::to_string(a) + "/" + std::to_string(b);
}

}  // namespace

Association::Association(std::unique_ptr<Transport> transport, Role role, AssociationLimits limits,
                         AssociationLog log)
    : transport_(std::move(transport)),
      machine_(role),
      limits_(limits),
      log_(log),
      reader_(limits.max_pdu_bytes),
      floor_(limits.progress, limits.min_bytes_per_second),
      watchdog_(transport_->executor(), [this](Deadline deadline) { on_deadline(deadline); }),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(first_buffer_bytes)),
      buffer_bytes_(first_buffer_bytes) {
  if (role == Role::acceptor) {
    process(Event::evt5_transport_indicated);
  } else {
    machine_.process(Event::evt1_associate_request);  // the transport is open already
  }
}

void Association::process(Event event, bool acceptable) {
  if (machine_.allows(event)) apply(machine_.process(event, acceptable));
}

/// All but the sending, which needs a coroutine, and the indication, which is the return value of receive().
void Association::apply(const Effects& effects) {
  if (effects.artim == Effects::Artim::start) watchdog_.set(Deadline::artim, limits_.artim);
  if (effects.artim == Effects::Artim::stop) watchdog_.clear(Deadline::artim);
  if (effects.send == Effects::Send::abort_by_user) pending_abort_ = Abort{0, 0};
  if (effects.send == Effects::Send::abort_by_provider) pending_abort_ = Abort{2, 0};
  if (effects.close_transport) close();
}

void Association::close() noexcept {
  if (closed_) return;
  closed_ = true;
  transport_->close();
}

void Association::on_deadline(Deadline deadline) {
  if (deadline == Deadline::artim) {
    ended_by_us_ = Errc::artim_expired;
    process(Event::evt18_artim_expired);
    close();
    return;
  }
  abort_now(Errc::deadline_expired);
}

void Association::abort_now(Errc why) {
  if (closed_) return;
  if (!ended_by_us_) ended_by_us_ = why;
  if (machine_.allows(Event::evt15_abort_request)) {
    end_ = AssociationEnd::aborted_by_us;
    process(Event::evt15_abort_request);
    pending_abort_.reset();
    // In the middle of another PDU an A-ABORT would be taken for its content.
    if (!writing_ && !sent_last_) transport_->write_now(encode(Abort{0, 0}));
  }
  close();
}

void Association::request_stop() {
  stop_requested_ = true;
  // Whoever has not asked for an association yet loses nothing.
  if (waiting_between_messages_ || machine_.state() == State::sta2_awaiting_associate_rq)
    abort_now(Errc::shutting_down);
}

void Association::supervise_idle() {
  watchdog_.set(Deadline::idle, limits_.idle);
  waiting_between_messages_ = true;
}

void Association::await_message() {
  if (!waiting_for_answer_ || closed_) return;
  if (stop_requested_) {
    abort_now(Errc::shutting_down);
  } else {
    supervise_idle();
  }
}

/// The connection is gone: why, and the machine told.
Failure Association::closed(const boost::system::error_code& error) {
  close();
  process(Event::evt17_transport_closed);
  if (const auto deadline = watchdog_.expired()) {
    return fail(*deadline == Deadline::artim ? Errc::artim_expired : Errc::deadline_expired,
                std::string(name_of(*deadline)));
  }
  if (ended_by_us_) return fail(*ended_by_us_, {});
  if (std::string why = transport_->refusal(); !why.empty()) return fail(Errc::tls_refused, std::move(why));
  return fail(Errc::peer_closed, error ? error.message() : std::string());
}

void Association::grow_buffer() {
  const std::size_t wanted =
      std::clamp<std::size_t>(limits_.max_pdu_bytes, first_buffer_bytes, largest_buffer_bytes);
  if (buffer_bytes_ >= wanted) return;
  buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
  buffer_bytes_ = wanted;
}

Task<Result<void>> Association::fill(Waiting waiting) {
  assert(unread_.empty());
  const bool established = machine_.state() != State::sta2_awaiting_associate_rq;
  const bool progress = established && (reader_.in_pdu() || waiting == Waiting::for_rest);
  if (progress) {
    watchdog_.set(Deadline::progress, floor_.left());
  } else {
    floor_.reset();
    if (established && waiting == Waiting::for_message) {
      if (stop_requested_) {
        abort_now(Errc::shutting_down);
        co_return closed({});
      }
      supervise_idle();
    }
    waiting_for_answer_ = established && waiting == Waiting::for_answer;
  }
  const auto begun = Watchdog::Clock::now();
  const std::span<std::uint8_t> space(buffer_.get(), buffer_bytes_);
  const ReadResult read = co_await transport_->read_some(space);
  waiting_between_messages_ = false;
  waiting_for_answer_ = false;
  watchdog_.clear(Deadline::idle);
  watchdog_.clear(Deadline::progress);
  if (progress) floor_.add(Watchdog::Clock::now() - begun, read.bytes);
  // Bytes that came before a write failed may hold the peer's A-ABORT; after an end of ours nothing counts.
  if (read.error || (closed_ && ended_by_us_)) co_return closed(read.error);
  received_bytes_ += read.bytes;
  unread_ = space.first(read.bytes);
  co_return Result<void>();
}

Task<Result<void>> Association::write(std::span<const std::uint8_t> bytes) {
  if (closed_) co_return closed({});
  watchdog_.set(Deadline::write, floor_.allowed(bytes.size()));
  writing_ = true;
  const auto error = co_await transport_->write(bytes);
  writing_ = false;
  watchdog_.clear(Deadline::write);
  if (error) co_return closed(error);
  co_return Result<void>();
}

/// AA-1, AA-7, AA-8: says so and waits for the peer to close. Nothing more is sent after an A-ABORT, so the
/// sending direction is shut down: peers that wait for the end of the stream get it.
Task<void> Association::send_pending_abort() {
  if (!pending_abort_) co_return;
  const auto bytes = encode(*pending_abort_);
  pending_abort_.reset();
  if (sent_last_ || closed_) co_return;
  if (writing_) {
    close();
    co_return;
  }
  const auto written = co_await write(bytes);
  if (written) transport_->shutdown_send();
  sent_last_ = true;
}

/// Sta13: what comes is read and thrown away, for a close with unread bytes would reset the connection and
/// could take our last PDU with it.
Task<void> Association::linger() {
  bool readable = true;
  while (machine_.state() == State::sta13_awaiting_close && !closed_) {
    while (readable && machine_.state() == State::sta13_awaiting_close) {
      const auto event = reader_.next(unread_);
      if (!event) {
        readable = false;
        process(Event::evt19_invalid_pdu);
        break;
      }
      if (!*event) break;
      const auto* control = std::get_if<ControlPdu>(&**event);
      if (control == nullptr) continue;
      if (control->type == PduType::associate_rq) process(Event::evt6_associate_rq_pdu);
      if (control->type == PduType::abort) process(Event::evt16_abort_pdu);
    }
    unread_ = {};
    co_await send_pending_abort();
    if (closed_) break;
    const std::span<std::uint8_t> space(buffer_.get(), buffer_bytes_);
    const ReadResult read = co_await transport_->read_some(space);
    if (read.error) {
      (void)closed(read.error);
      break;
    }
    unread_ = space.first(read.bytes);
  }
  watchdog_.clear(Deadline::artim);
  close();
}

Association::Handled Association::invalid(const Failure& failure) {
  end_ = AssociationEnd::aborted_by_us;
  const Action action = step(machine_.state(), Event::evt19_invalid_pdu).action;
  process(Event::evt19_invalid_pdu);
  if (action == Action::aa8) pending_abort_ = peer_answer(failure).abort;
  return failure;
}

std::optional<Failure> Association::unexpected(Event event, const char* pdu) {
  const Action action = step(machine_.state(), event).action;
  if (action != Action::aa1 && action != Action::aa8) return std::nullopt;
  end_ = AssociationEnd::aborted_by_us;
  process(event);
  Failure failure = fail(Errc::unexpected_pdu, pdu);
  if (action == Action::aa8) pending_abort_ = peer_answer(failure).abort;
  return failure;
}

Association::Handled Association::handle_rejected(std::span<const std::uint8_t> body) {
  const auto rj = parse_associate_rj(body);
  if (!rj) return invalid(rj.error());
  if (auto failure = unexpected(Event::evt4_associate_rj_pdu, "A-ASSOCIATE-RJ")) return *failure;
  process(Event::evt4_associate_rj_pdu);
  return fail(Errc::association_rejected, std::to_string(rj->result) + "/" + numbers(rj->source, rj->reason));
}

Association::Handled Association::handle_aborted(std::span<const std::uint8_t> body) {
  const auto abort = parse_abort(body);
  if (!abort) return invalid(abort.error());
  process(Event::evt16_abort_pdu);
  end_ = AssociationEnd::aborted_by_peer;
  return fail(Errc::peer_aborted, numbers(abort->source, abort->reason));
}

Association::Handled Association::handle_control(const ControlPdu& pdu) {
  switch (pdu.type) {
    case PduType::associate_rq: {
      if (auto failure = unexpected(Event::evt6_associate_rq_pdu, "A-ASSOCIATE-RQ")) return *failure;
      auto rq = parse_associate_rq(pdu.body);
      if (!rq) return invalid(rq.error());
      // Only bit 0 says whether version 1 is spoken (PS3.8 table 9-11); the caller rejects if it is clear.
      process(Event::evt6_associate_rq_pdu);
      return Indication(std::move(*rq));
    }
    case PduType::associate_ac: {
      if (auto failure = unexpected(Event::evt3_associate_ac_pdu, "A-ASSOCIATE-AC")) return *failure;
      auto ac = parse_associate_ac(pdu.body);
      if (!ac) return invalid(ac.error());
      process(Event::evt3_associate_ac_pdu);
      return Indication(std::move(*ac));
    }
    case PduType::associate_rj:
      return handle_rejected(pdu.body);
    case PduType::release_rq:
      if (auto failure = unexpected(Event::evt12_release_rq_pdu, "A-RELEASE-RQ")) return *failure;
      process(Event::evt12_release_rq_pdu);
      return Indication(ReleaseIndicated{});
    case PduType::release_rp:
      if (auto failure = unexpected(Event::evt13_release_rp_pdu, "A-RELEASE-RP")) return *failure;
      process(Event::evt13_release_rp_pdu);
      end_ = AssociationEnd::released;
      return Indication(ReleaseConfirmed{});
    case PduType::abort:
      return handle_aborted(pdu.body);
    case PduType::p_data_tf:
      break;
  }
  return std::monostate();
}

Association::Handled Association::handle(const PduEvent& event) {
  if (const auto* control = std::get_if<ControlPdu>(&event)) return handle_control(*control);
  const auto& fragment = std::get<PdvFragment>(event);
  if (fragment.begins_pdu) {
    if (auto failure = unexpected(Event::evt10_p_data_pdu, "P-DATA-TF")) return *failure;
    process(Event::evt10_p_data_pdu);
  }
  return Indication(fragment);
}

Task<Result<Indication>> Association::receive(Waiting waiting) {
  for (;;) {
    auto event = reader_.next(unread_);
    if (event && !*event) {
      if (received_bytes_ > buffer_bytes_) grow_buffer();
      auto filled = co_await fill(waiting);
      if (!filled) co_return filled.error();
      continue;
    }
    Handled handled = event ? handle(**event) : invalid(event.error());
    if (auto* indication = std::get_if<Indication>(&handled)) co_return std::move(*indication);
    if (auto* failure = std::get_if<Failure>(&handled)) {
      co_await send_pending_abort();
      co_await linger();
      co_return std::move(*failure);
    }
  }
}

Task<Result<void>> Association::request(const AssociateRq& rq) {
  assert(machine_.allows(Event::evt2_transport_confirmed));
  const auto bytes = encode(rq);
  process(Event::evt2_transport_confirmed);
  co_return co_await write(bytes);
}

Task<Result<void>> Association::accept(const AssociateAc& ac) {
  if (!machine_.allows(Event::evt7_associate_response_accept)) co_return closed({});
  const auto bytes = encode(ac);
  process(Event::evt7_associate_response_accept);
  co_return co_await write(bytes);
}

Task<void> Association::reject(AssociateRj rj) {
  if (!machine_.allows(Event::evt8_associate_response_reject)) co_return;
  const auto bytes = encode(rj);
  process(Event::evt8_associate_response_reject);
  const auto written = co_await write(bytes);
  if (written) co_await linger();
}

Task<Result<void>> Association::send_p_data(std::span<const std::uint8_t> pdus) {
  if (closed_ || !machine_.allows(Event::evt9_p_data_request)) co_return closed({});
  process(Event::evt9_p_data_request);
  co_return co_await write(pdus);
}

Task<Result<void>> Association::request_release() {
  if (closed_ || !machine_.allows(Event::evt11_release_request)) co_return closed({});
  const auto bytes = encode_release_rq();
  process(Event::evt11_release_request);
  co_return co_await write(bytes);
}

Task<Result<void>> Association::respond_release() {
  if (closed_ || !machine_.allows(Event::evt14_release_response)) co_return closed({});
  const auto bytes = encode_release_rp();
  process(Event::evt14_release_response);
  end_ = AssociationEnd::released;
  auto written = co_await write(bytes);
  if (written && machine_.state() == State::sta13_awaiting_close) co_await linger();
  co_return written;
}

Task<void> Association::abort(Failure failure) {
  if (closed_ || !machine_.allows(Event::evt15_abort_request)) co_return;
  end_ = AssociationEnd::aborted_by_us;
  process(Event::evt15_abort_request);
  pending_abort_ = peer_answer(failure).abort;
  co_await send_pending_abort();
  co_await linger();
}

}  // namespace trialgate::dimse
