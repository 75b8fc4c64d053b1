#include "tests/dimse/support/raw_peer.h"

#include "dimse/message/messages.h"
#include "dimse/pdu/encode.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace trialgate::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_timeout(int socket) {
  const timeval timeout{10, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

}  // namespace

RawPeer::RawPeer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  set_timeout(socket_);
  const sockaddr_in address = loopback(port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("connect");
}

RawPeer RawPeer::adopt(int socket) {
  RawPeer peer;
  peer.socket_ = socket;
  set_timeout(socket);
  return peer;
}

RawPeer::RawPeer(RawPeer&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

RawPeer::~RawPeer() {
  close();
}

bool RawPeer::try_send(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawPeer::send(std::span<const std::uint8_t> bytes) {
  if (!try_send(bytes)) throw std::runtime_error("send");
}

bool RawPeer::read_exactly(std::uint8_t* to, std::size_t count) {
  while (count > 0) {
    const auto got = ::recv(socket_, to, count, 0);
    if (got <= 0) return false;
    to += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

std::optional<RawPdu> RawPeer::receive() {
  std::array<std::uint8_t, 6> header{};
  if (!read_exactly(header.data(), header.size())) return std::nullopt;
  RawPdu pdu;
  pdu.type = header[0];
  pdu.body.resize(std::size_t{header[2]} << 24 | std::size_t{header[3]} << 16 | std::size_t{header[4]} << 8 |
                  header[5]);
  if (!read_exactly(pdu.body.data(), pdu.body.size())) return std::nullopt;
  return pdu;
}

bool RawPeer::sees_close() {
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got == 0) return true;
    if (got < 0) return errno == ECONNRESET;
  }
}

void RawPeer::shutdown_send() {
  ::shutdown(socket_, SHUT_WR);
}

void RawPeer::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void RawPeer::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

RawListener::RawListener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length);
  ::listen(socket_, 8);
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
}

RawListener::~RawListener() {
  ::close(socket_);
}

RawPeer RawListener::accept() {
  return RawPeer::adopt(::accept(socket_, nullptr, nullptr));
}

dimse::AssociateRq usual_rq() {
  using namespace dimse;
  AssociateRq rq;
  rq.titles = AssociateTitles(AeTitle("TRIALGATE"), AeTitle("RAWPEER"));
  rq.application_context = Uid(std::string(application_context_name));
  rq.presentation_contexts = {
      {PresentationContextId{1}, Uid("1.2.840.10008.1.1"), {Uid("1.2.840.10008.1.2")}},
      {PresentationContextId{3}, Uid(ct_image_storage), {Uid("1.2.840.10008.1.2.1")}}};
  rq.user_information.max_length = 16384;
  rq.user_information.implementation_class_uid = Uid("1.2.3.4");
  rq.user_information.implementation_version_name = "RAW";
  return rq;
}

Bytes usual_rq_bytes() {
  return dimse::encode(usual_rq());
}

Bytes p_data(int context, bool command, bool last, std::span<const std::uint8_t> payload) {
  std::array<std::uint8_t, 12> header{};
  dimse::encode_p_data_header(header, dimse::PresentationContextId{static_cast<std::uint8_t>(context)},
                              {command, last}, payload.size());
  return join(header, payload);
}

Bytes c_echo_rq(int context, std::uint16_t message_id) {
  return p_data(context, true, true, dimse::CEchoRq{message_id}.to_command_set().encode());
}

Bytes c_store_rq(int context, std::uint16_t message_id, const char* sop_class, const char* sop_instance) {
  dimse::CStoreRq rq;
  rq.message_id = message_id;
  rq.affected_sop_class = dimse::Uid(sop_class);
  rq.affected_sop_instance = dimse::Uid(sop_instance);
  return p_data(context, true, true, rq.to_command_set().encode());
}

Bytes command_of(const RawPdu& pdu) {
  return Bytes(pdu.body.begin() + 6, pdu.body.end());
}

int status_of(const std::optional<RawPdu>& pdu) {
  if (!pdu || pdu->type != 4) return -1;
  const auto command = dimse::CommandSet::parse(command_of(*pdu));
  if (!command) return -1;
  const auto response = dimse::Response::from(*command);
  return response ? response->status : -1;
}

}  // namespace trialgate::test
