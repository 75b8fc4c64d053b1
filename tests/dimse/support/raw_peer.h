#pragma once

#include "dimse/pdu/pdu.h"
#include "tests/dimse/support/bytes.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

namespace trialgate::test {

/// A PDU as it came, header taken apart.
struct RawPdu {
  int type = 0;
  Bytes body;
};

/// A peer of which the test says every byte. Blocking; a read gives up after ten seconds.
class RawPeer {
 public:
  /// Connects to 127.0.0.1.
  explicit RawPeer(std::uint16_t port);
  /// Takes an accepted socket.
  static RawPeer adopt(int socket);
  RawPeer(RawPeer&& other) noexcept;
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer();

  void send(std::span<const std::uint8_t> bytes);
  /// False once the other side does not take any more.
  bool try_send(std::span<const std::uint8_t> bytes);
  /// nullopt at the end of the stream.
  std::optional<RawPdu> receive();
  /// The other side closes; what comes before is thrown away.
  bool sees_close();
  void shutdown_send();
  /// Closes with a TCP reset.
  void reset();
  void close();

 private:
  RawPeer() = default;
  bool read_exactly(std::uint8_t* to, std::size_t count);
  int socket_ = -1;
};

/// Listens on a free port of 127.0.0.1 for one RawPeer after the other.
class RawListener {
 public:
  RawListener();
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  RawPeer accept();

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

/// A-ASSOCIATE-RQ with Verification (id 1, implicit VR little endian) and CT (id 3, explicit VR little
/// endian).
dimse::AssociateRq usual_rq();
Bytes usual_rq_bytes();
/// One P-DATA-TF PDU with one PDV.
Bytes p_data(int context, bool command, bool last, std::span<const std::uint8_t> payload);
Bytes c_echo_rq(int context, std::uint16_t message_id);
/// The command alone.
Bytes c_store_rq(int context, std::uint16_t message_id, const char* sop_class, const char* sop_instance);
/// Command set of a P-DATA-TF PDU with one PDV.
Bytes command_of(const RawPdu& pdu);
/// Status of a response PDU; -1 if there is none.
int status_of(const std::optional<RawPdu>& pdu);

inline constexpr const char* ct_image_storage = "1.2.840.10008.5.1.4.1.1.2";

}  // namespace trialgate::test
