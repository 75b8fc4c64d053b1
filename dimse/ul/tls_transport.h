#pragma once

#include "dimse/ul/association_log.h"
#include "dimse/ul/tls_context.h"
#include "dimse/ul/transport.h"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>

namespace trialgate::dimse {

/// TLS over a TCP connection, in the context's role. The handshake is part of the first read or write, and so
/// under the deadline of that: ARTIM for an acceptor, `associate` for a requestor, both absolute.
/// `peer`: for a requestor the name or address that the peer's certificate must be made for; for an acceptor
/// the peer's address, for the log. Logs tls.established with what was agreed and how long the peer's
/// certificate is in force, or tls.refused with the reason.
/// OpenSSL is driven here and not by asio::ssl::stream, because a write is to go out in one piece, not record
/// by record, and a last word and close_notify must never wait for the peer.
[[nodiscard]] std::unique_ptr<Transport> make_tls_transport(boost::asio::ip::tcp::socket socket,
                                                            std::shared_ptr<const TlsContext> context,
                                                            std::string peer, AssociationLog log);

}  // namespace trialgate::dimse
