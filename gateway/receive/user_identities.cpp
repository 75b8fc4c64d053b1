#include "gateway/receive/user_identities.h"

#include "gateway/receive/offload.h"
#include "gateway/receive/passcode.h"

#include <openssl/crypto.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::uint8_t user_and_passcode = 2;
constexpr std::uint8_t json_web_token = 5;

/// An identity as it was offered; the secret is wiped when it goes.
struct Offer {
  Offer() = default;
  Offer(Offer&&) = default;
  Offer& operator=(Offer&&) = default;
  Offer(const Offer&) = delete;
  Offer& operator=(const Offer&) = delete;
  ~Offer() {
    OPENSSL_cleanse(primary.data(), primary.size());
    OPENSSL_cleanse(secondary.data(), secondary.size());
  }

  std::uint8_t type = 0;
  std::string primary;
  std::string secondary;
};

dimse::IdentityVerdict refused(std::string_view why) {
  dimse::Reject reject = dimse::Reject::no_reason_given();
  reject.why = why;
  return {reject, {}};
}

dimse::IdentityVerdict judge(const UserIdentityConfig& wanted, const Offer& offer) {
  if (offer.type == user_and_passcode && !wanted.passcodes.empty()) {
    // An unknown name takes as long as a known one.
    static const std::string nobody = hash_passcode("");
    const auto user = wanted.passcodes.find(offer.primary);
    const bool known = user != wanted.passcodes.end();
    const bool right = is_passcode(offer.secondary, known ? user->second : nobody);
    return known && right ? dimse::IdentityVerdict{std::nullopt, offer.primary}
                          : refused("user name or passcode is wrong");
  }
  if (offer.type == json_web_token && wanted.jwt) {
    const auto loaded = TokenVerifier::load(*wanted.jwt);
    const auto* verifier = std::get_if<std::shared_ptr<const TokenVerifier>>(&loaded);
    if (verifier == nullptr) return refused("the key of tokens cannot be read");
    TokenVerifier::Verdict verdict = (*verifier)->verify(offer.primary, std::chrono::system_clock::now());
    if (!verdict.accepted) return refused("the token is not accepted");
    return {std::nullopt, std::move(verdict.text)};
  }
  return refused(offer.type == 0 ? "no user identity offered" : "this type of user identity is not accepted");
}

}  // namespace

std::vector<std::string> UserIdentities::problems(const NodeConfig& config) {
  std::vector<std::string> problems;
  for (const Peer& peer : config.peers) {
    if (!peer.user_identity || !peer.user_identity->jwt) continue;
    auto loaded = TokenVerifier::load(*peer.user_identity->jwt);
    if (auto* problem = std::get_if<std::string>(&loaded)) problems.push_back(std::move(*problem));
  }
  return problems;
}

dimse::IdentityCheck UserIdentities::check_of(const Peer& peer,
                                              const dimse::AssociationRequestView& request) {
  if (!peer.user_identity) return {};
  auto offer = std::make_shared<Offer>();
  if (request.user_identity) {
    const dimse::UserIdentityView& view = *request.user_identity;
    offer->type = view.type;
    offer->primary.assign(view.primary_field.begin(), view.primary_field.end());
    offer->secondary.assign(view.secondary_field.begin(), view.secondary_field.end());
  }
  return [this, wanted = *peer.user_identity, offer]() -> dimse::Task<dimse::IdentityVerdict> {
    auto work = [wanted, offer] { return judge(wanted, *offer); };
    return offload(pool_, std::move(work));
  };
}

}  // namespace trialgate::gateway
