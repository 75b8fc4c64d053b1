#include "dimse/scp/negotiation.h"

#include "dimse/scp/quota.h"
#include "dimse/scp/storage_sop_classes.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::dimse;

namespace {

const Uid ct("1.2.840.10008.5.1.4.1.1.2");
const Uid verification("1.2.840.10008.1.1");
const Uid find("1.2.840.10008.5.1.4.1.2.2.1");
const Uid private_class("1.3.46.670589.5.0.1");
const Uid implicit_le("1.2.840.10008.1.2");
const Uid explicit_le("1.2.840.10008.1.2.1");
const Uid jpeg("1.2.840.10008.1.2.4.70");
const Uid deflated("1.2.840.10008.1.2.1.99");

AssociateRq proposal(std::vector<PresentationContextRq> contexts) {
  AssociateRq rq;
  rq.titles = AssociateTitles(AeTitle("US"), AeTitle("THEM"));
  rq.presentation_contexts = std::move(contexts);
  return rq;
}

PresentationContextRq context(int id, const Uid& abstract_syntax, std::vector<Uid> transfer_syntaxes) {
  return {PresentationContextId{static_cast<std::uint8_t>(id)}, abstract_syntax,
          std::move(transfer_syntaxes)};
}

ContextResult result_of(const Uid& abstract_syntax, const Uid& transfer_syntax, const ContextPolicy& policy) {
  const auto negotiated =
      negotiate(proposal({context(1, abstract_syntax, {transfer_syntax})}), policy, 4096, 8);
  return negotiated.ac.presentation_contexts.at(0).result;
}

}  // namespace

TEST_CASE(
    "PS3.8 9.3.3.2: every proposed context is answered, the same abstract syntax as often as it comes") {
  const auto negotiated =
      negotiate(proposal({context(1, verification, {implicit_le}), context(3, ct, {jpeg, explicit_le}),
                          context(5, ct, {explicit_le}), context(7, find, {implicit_le}),
                          context(9, ct, {Uid("1.2.3")})}),
                ContextPolicy(), 131072, 8);
  const auto& answers = negotiated.ac.presentation_contexts;
  REQUIRE(answers.size() == 5);
  CHECK(answers[0] ==
        PresentationContextAc{PresentationContextId{1}, ContextResult::acceptance, implicit_le});
  CHECK(answers[1] == PresentationContextAc{PresentationContextId{3}, ContextResult::acceptance, jpeg});
  CHECK(answers[2] ==
        PresentationContextAc{PresentationContextId{5}, ContextResult::acceptance, explicit_le});
  CHECK(answers[3].result == ContextResult::abstract_syntax_not_supported);
  CHECK(answers[4].result == ContextResult::transfer_syntaxes_not_supported);
  CHECK(negotiated.contexts.size() == 3);
  CHECK(negotiated.find(PresentationContextId{3})->transfer_syntax == jpeg);
  CHECK(negotiated.find(PresentationContextId{7}) == nullptr);
  CHECK(negotiated.ac.user_information.max_length == 131072);
  CHECK(negotiated.ac.user_information.implementation_class_uid.is_well_formed());
}

TEST_CASE("Deflated is taken only when configured, private SOP classes likewise, query classes never") {
  ContextPolicy policy;
  CHECK(result_of(ct, deflated, policy) == ContextResult::transfer_syntaxes_not_supported);
  CHECK(result_of(private_class, explicit_le, policy) == ContextResult::abstract_syntax_not_supported);
  policy.transfer_syntaxes.insert(deflated);
  policy.any_storage_sop_class = true;
  CHECK(result_of(ct, deflated, policy) == ContextResult::acceptance);
  CHECK(result_of(private_class, explicit_le, policy) == ContextResult::acceptance);
  CHECK(result_of(Uid("1.2.840.10008.5.1.4.1.1.999.1"), explicit_le, policy) == ContextResult::acceptance);
  CHECK(result_of(find, explicit_le, policy) == ContextResult::abstract_syntax_not_supported);
  CHECK(result_of(Uid("1.2.840.10008.5.1.4.1.1.200.4"), explicit_le, policy) ==
        ContextResult::abstract_syntax_not_supported);

  ContextPolicy listed;
  listed.storage = false;
  listed.verification = false;
  listed.further_storage_sop_classes.insert(private_class);
  CHECK(result_of(private_class, explicit_le, listed) == ContextResult::acceptance);
  CHECK(result_of(ct, explicit_le, listed) == ContextResult::abstract_syntax_not_supported);
  CHECK(result_of(verification, implicit_le, listed) == ContextResult::abstract_syntax_not_supported);
}

TEST_CASE("PS3.7 D.3.3.3: an operations window is answered only if proposed and never wider") {
  auto rq = proposal({context(1, ct, {explicit_le})});
  CHECK_FALSE(negotiate(rq, ContextPolicy(), 4096, 8).ac.user_information.async_operations_window);
  const auto answered = [&rq](std::uint16_t invoked, std::uint16_t performed) {
    rq.user_information.async_operations_window = AsyncOperationsWindow{invoked, performed};
    return *negotiate(rq, ContextPolicy(), 4096, 8).ac.user_information.async_operations_window;
  };
  CHECK(answered(4, 1) == AsyncOperationsWindow{4, 1});
  CHECK(answered(100, 5) == AsyncOperationsWindow{8, 1});
  CHECK(answered(0, 0) == AsyncOperationsWindow{8, 1});
}

TEST_CASE("PS3.7 D.3.3.4: roles are only narrowed, and only those proposed are answered") {
  auto rq = proposal({context(1, ct, {explicit_le})});
  rq.user_information.roles = {{ct, true, true}, {find, true, false}};
  const auto roles = negotiate(rq, ContextPolicy(), 4096, 8).ac.user_information.roles;
  REQUIRE(roles.size() == 1);
  CHECK(roles[0] == RoleSelection{ct, true, false});
}

TEST_CASE("PS3.7 D.3.3.5 and D.3.3.7: extended negotiation and user identity are answered by silence") {
  auto rq = proposal({context(1, ct, {explicit_le})});
  rq.user_information.extended = {{ct, {1, 2, 3}}};
  rq.user_information.user_identity = UserIdentityRq{1, true, {'u'}, {}};
  const auto info = negotiate(rq, ContextPolicy(), 4096, 8).ac.user_information;
  CHECK(info.extended.empty());
  CHECK_FALSE(info.user_identity_response);
}

TEST_CASE(
    "PS3.4 table B.5-1: the table of storage SOP classes is ordered, well formed and has what PACS send") {
  CHECK(storage_sop_classes().size() > 180);
  for (const StorageSopClass& row : storage_sop_classes()) {
    CAPTURE(row.uid);
    CHECK(Uid(std::string(row.uid)).is_well_formed());
    CHECK(is_storage_sop_class(Uid(std::string(row.uid))));
  }
  for (const char* uid :
       {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128",
        "1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.5",
        "1.2.840.10008.5.1.4.34.7"}) {
    CHECK(is_storage_sop_class(Uid(uid)));
  }
  CHECK_FALSE(is_storage_sop_class(find));
  CHECK_FALSE(is_storage_sop_class(Uid()));
  CHECK(default_transfer_syntaxes().contains(jpeg));
  CHECK_FALSE(default_transfer_syntaxes().contains(deflated));
}

TEST_CASE("A quota gives a unit back when it goes") {
  Quota quota;
  {
    auto first = quota.take("a", 2);
    auto second = quota.take("a", 2);
    REQUIRE(first);
    REQUIRE(second);
    CHECK_FALSE(quota.take("a", 2));
    CHECK(quota.take("b", 1));
    CHECK(quota.in_use("a") == 2);
  }
  CHECK(quota.in_use("a") == 0);
  CHECK(quota.take("a", 1));
}

TEST_CASE("Services are negotiated as the policy lists them, in the two uncompressed transfer syntaxes") {
  ContextPolicy policy;
  policy.services = {find, Uid(std::string(storage_commitment_push_model))};
  CHECK(result_of(find, explicit_le, policy) == ContextResult::acceptance);
  CHECK(result_of(find, implicit_le, policy) == ContextResult::acceptance);
  CHECK(result_of(find, jpeg, policy) == ContextResult::transfer_syntaxes_not_supported);
  CHECK(result_of(Uid(std::string(patient_root_find)), explicit_le, policy) ==
        ContextResult::abstract_syntax_not_supported);

  auto rq = proposal({context(1, Uid(std::string(storage_commitment_push_model)), {implicit_le})});
  rq.user_information.roles = {{Uid(std::string(storage_commitment_push_model)), false, true}};
  const auto negotiated = negotiate(rq, policy, 4096, 8);
  CHECK(negotiated.contexts.at(0).requestor_is_scp);
  CHECK_FALSE(negotiated.contexts.at(0).requestor_is_scu);
  CHECK(negotiated.ac.user_information.roles ==
        std::vector<RoleSelection>{{Uid(std::string(storage_commitment_push_model)), false, true}});
}

TEST_CASE("PS3.4 C.4.3: C-GET brings the role of SCP for storage, and an operations window of one") {
  const Uid get{std::string(study_root_get)};
  ContextPolicy policy;
  policy.storage = false;
  policy.services = {get};
  auto rq = proposal({context(1, get, {implicit_le}), context(3, ct, {explicit_le})});
  rq.user_information.roles = {{ct, true, true}};
  rq.user_information.async_operations_window = AsyncOperationsWindow{4, 4};
  const auto negotiated = negotiate(rq, policy, 4096, 8);
  REQUIRE(negotiated.contexts.size() == 2);
  CHECK(negotiated.contexts[1].requestor_is_scp);
  CHECK_FALSE(negotiated.contexts[1].requestor_is_scu);
  CHECK(negotiated.ac.user_information.roles == std::vector<RoleSelection>{{ct, false, true}});
  CHECK(negotiated.ac.user_information.async_operations_window == AsyncOperationsWindow{1, 1});
  rq.user_information.roles.clear();
  CHECK(negotiate(rq, policy, 4096, 8).contexts.size() == 1);
}

TEST_CASE(
    "PS3.4 C.5.1.1, C.5.2.1: extended negotiation says what both sides can, never more bytes than asked") {
  const Uid move{std::string(study_root_move)};
  ContextPolicy policy;
  policy.services = {find, move};
  auto rq = proposal({context(1, find, {implicit_le}), context(3, move, {implicit_le})});
  rq.user_information.extended = {{find, {1, 1, 1, 1, 1}}, {move, {1, 1}}, {ct, {1}}};
  using Answers = std::vector<ExtendedNegotiation>;
  CHECK(negotiate(rq, policy, 4096, 8).ac.user_information.extended ==
        Answers{{find, {0, 0, 0, 0}}, {move, {0}}});
  policy.query_options = {true, true, false};
  auto negotiated = negotiate(rq, policy, 4096, 8);
  CHECK(negotiated.ac.user_information.extended == Answers{{find, {1, 1, 0, 0}}, {move, {1}}});
  CHECK(negotiated.options_of(find) == QueryOptions{true, true, false});
  rq.user_information.extended = {{find, {0, 1}}};
  negotiated = negotiate(rq, policy, 4096, 8);
  CHECK(negotiated.ac.user_information.extended == Answers{{find, {0, 1}}});
  CHECK(negotiated.options_of(find) == QueryOptions{false, true, false});
  CHECK(negotiated.options_of(move) == QueryOptions());
}
