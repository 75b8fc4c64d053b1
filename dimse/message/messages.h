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
  /// Errors: malformed_command if the message id is missing.
  [[nodiscard]] static Result<CFindRq> from(const CommandSet& command);
};

/// C-GET-RQ (PS3.7 §9.3.3.1); its identifier follows as data set.
struct CGetRq {
  std::uint16_t message_id = 0;
  Uid affected_sop_class;
  std::uint16_t priority = 0;

  [[nodiscard]] CommandSet to_command_set() const;
  /// Errors: malformed_command if the message id is missing.
  [[nodiscard]] static Result<CGetRq> from(const CommandSet& command);
};

/// C-MOVE-RQ (PS3.7 §9.3.4.1); its identifier follows as data set.
struct CMoveRq {
  std::uint16_t message_id = 0;
  Uid affected_sop_class;
  std::uint16_t priority = 0;
  AeTitle move_destination;  ///< may be empty or invalid: it is the peer's

  [[nodiscard]] CommandSet to_command_set() const;
  /// Errors: malformed_command if the message id is missing.
  [[nodiscard]] static Result<CMoveRq> from(const CommandSet& command);
};

/// C-CANCEL-RQ (PS3.7 §9.3.2.3), for C-FIND, C-GET and C-MOVE alike. It has no response of its own.
struct CCancelRq {
  std::uint16_t message_id_being_responded_to = 0;  ///< of the request to cancel

  [[nodiscard]] CommandSet to_command_set() const;
  /// Errors: malformed_command if the message id is missing.
  [[nodiscard]] static Result<CCancelRq> from(const CommandSet& command);
};

/// Any request of the normalized services (PS3.7 §10.3). The standard calls class and instance "affected" in
/// N-EVENT-REPORT and N-CREATE and "requested" in the others; here they have one name.
struct NormalizedRq {
  CommandField command_field = CommandField::n_action_rq;
  std::uint16_t message_id = 0;
  Uid sop_class;
  Uid sop_instance;                      ///< may be empty in N-CREATE
  std::optional<std::uint16_t> type_id;  ///< Event Type ID or Action Type ID
  bool data_set_follows = false;

  [[nodiscard]] CommandSet to_command_set() const;
  /// Errors: malformed_command if the message id is missing or if it is no request of these services.
  [[nodiscard]] static Result<NormalizedRq> from(const CommandSet& command);
};

/// True for the requests that NormalizedRq reads.
[[nodiscard]] bool is_normalized_request(std::uint16_t command_field) noexcept;

/// Where the sub-operations of a C-MOVE or C-GET stand (PS3.7 §9.3.3.2). In a message each count is a US:
/// what is more is said as 65535.
struct SubOperations {
  std::uint32_t remaining = 0;
  std::uint32_t completed = 0;
  std::uint32_t failed = 0;
  std::uint32_t warning = 0;

  bool operator==(const SubOperations&) const = default;
};

/// The counts of a response; those absent are 0. nullopt if all are.
[[nodiscard]] std::optional<SubOperations> sub_operations_of(const CommandSet& command);

/// What every response has (PS3.7 §9.3, §10.3).
struct Response {
  std::uint16_t command_field = 0;
  std::uint16_t message_id_being_responded_to = 0;
  std::uint16_t status = 0;
  std::string error_comment;
  Uid affected_sop_class;
  Uid affected_sop_instance;
  std::optional<SubOperations> sub_operations;  ///< of C-MOVE and C-GET
  bool data_set_follows = false;

  /// Errors: malformed_command if message id or status are missing.
  [[nodiscard]] static Result<Response> from(const CommandSet& command);
};

/// The response to `request`, of any kind, without data set: message id, UIDs (as affected ones) and Event or
/// Action Type ID come back as they were. The comment is cut to the 64 characters of an LO. The request has a
/// message id.
[[nodiscard]] CommandSet response_to(const CommandSet& request, std::uint16_t status,
                                     std::string_view comment = {});

/// Puts the counts into a response of C-MOVE or C-GET. Remaining ones have a place only while there may be
/// some: status pending or cancel (PS3.7 §9.3.4.2).
void set_sub_operations(CommandSet& response, const SubOperations& counts);

/// A data set follows `command`.
void announce_data_set(CommandSet& command);

}  // namespace trialgate::dimse
