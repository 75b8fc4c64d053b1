#pragma once

#include "dimse/message/command_set.h"

#include <cstdint>
#include <optional>
#include <string>

namespace trialgate::dimse {

/// C-ECHO-RQ (PS3.7 §9.3.5.1).
struct CEchoRq {
  std::uint16_t message_id = 0;

  [[nodiscard]] CommandSet to_command_set() const;
  /// Errors: malformed_command if the message id is missing.
  [[nodiscard]] static Result<CEchoRq> from(const CommandSet& command);
};

/// C-STORE-RQ (PS3.7 §9.3.1.1). The UIDs may be empty or odd: they are the peer's.
struct CStoreRq {
  std::uint16_t message_id = 0;
  Uid affected_sop_class;
  Uid affected_sop_instance;
  std::uint16_t priority = 0;
  std::optional<AeTitle> move_originator;
  std::optional<std::uint16_t> move_originator_message_id;

  [[nodiscard]] CommandSet to_command_set() const;
  /// Errors: malformed_command if the message id is missing; without it there is no answer.
  [[nodiscard]] static Result<CStoreRq> from(const CommandSet& command);
};

/// C-FIND-RQ (PS3.7 §9.3.2.1); its identifier follows as data set.
struct CFindRq {
  std::uint16_t message_id = 0;
  Uid affected_sop_class;
  std::uint16_t priority = 0;

  [[nodiscard]] CommandSet to_command_set() const;
};

/// What every response has (PS3.7 §9.3, §10.3).
struct Response {
  std::uint16_t command_field = 0;
  std::uint16_t message_id_being_responded_to = 0;
  std::uint16_t status = 0;
  std::string error_comment;
  Uid affected_sop_class;
  Uid affected_sop_instance;
  bool data_set_follows = false;

  /// Errors: malformed_command if message id or status are missing.
  [[nodiscard]] static Result<Response> from(const CommandSet& command);
};

/// The response to `request`, of any kind, without data set: message id and affected UIDs come back as they
/// were. The comment is cut to the 64 characters of an LO. The request has a message id.
[[nodiscard]] CommandSet response_to(const CommandSet& request, std::uint16_t status,
                                     std::string_view comment = {});

}  // namespace trialgate::dimse
