#include "gateway/deliver/dispatcher.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/studies.h"
#include "gateway/deliver/delivery_plan.h"
#include "gateway/pipeline/transition.h"
#include "tests/gateway/commands/sample_trial.h"
#include "tests/gateway/support/outgoing.h"

#include <boost/json/serialize.hpp>

#include <sstream>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;
using State = storage::SubmissionState;
using Delivery = storage::DeliveryState;

namespace {

rules::Verdict verdict_with(std::vector<std::string> ct, std::vector<std::string> pet = {}) {
  rules::Verdict verdict;
  verdict.outcome = rules::Outcome::release;
  verdict.time_point_id = "BL";
  verdict.slots["ct"].instances = std::move(ct);
  if (!pet.empty()) verdict.slots["pet"].instances = std::move(pet);
  return verdict;
}

TrialSet trials_with(std::vector<rules::DeliveryRule> rules) {
  auto trial = std::make_shared<rules::Trial>();
  trial->protocol_id = "ONC-301";
  trial->deliver = std::move(rules);
  return {{{}, trial}};
}

rules::DeliveryRule rule_to(std::string to) {
  rules::DeliveryRule rule;
  rule.to = std::move(to);
  return rule;
}

/// A de-identified submission of `count` instances, all in slot ct.
void put_deidentified(TestStore& store, std::uint32_t version, int count, int planned) {
  auto row = submission_of(1, State::deidentified);
  row.version = version;
  put_derived(store, row, count);
  std::vector<std::string> uids;
  for (int n = 0; n < planned; ++n) uids.push_back("1.2.3.4." + std::to_string(n));
  store.commit([&](storage::Transaction& transaction) {
    return transaction.index().put_document(1, version, document::verdict,
                                            boost::json::serialize(to_json(verdict_with(uids))));
  });
}

void set_all(TestStore& store, Delivery state) {
  const auto rows = store.deliveries(1);
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    for (auto row : rows) {
      row.state = state;
      if (auto updated = transaction.outbox().update(row); !updated) return updated;
    }
    return {};
  });
}

/// With the store closed, as a command beside the node has it, since LMDB wants a store once in a process.
struct Run {
  int status = 0;
  std::string out;
  std::string err;
};
Run decide(TestStore& store, Decision decision, std::string reason = "because", std::string name = "Ann") {
  store.close();
  DecideOptions options;
  options.store.store = store.folder();
  options.submission = 1;
  options.decision = decision;
  options.reason = std::move(reason);
  options.name = std::move(name);
  std::ostringstream out;
  std::ostringstream err;
  const int status = decide_command(options, out, err);
  store.open();
  return {status, out.str(), err.str()};
}
Run send(TestStore& store, std::string to = {}) {
  store.close();
  SendOptions options;
  options.store.store = store.folder();
  options.submission = 1;
  options.destination = std::move(to);
  options.reason = "archive lost it";
  options.name = "Ann";
  std::ostringstream out;
  std::ostringstream err;
  const int status = send_command(options, out, err);
  store.open();
  return {status, out.str(), err.str()};
}

}  // namespace

TEST_CASE("the delivery plan: slots, modalities and time points choose; rules for one destination add up") {
  rules::Trial trial;
  auto readers = rule_to("readers");
  readers.slots = {"ct"};
  auto pet = rule_to("readers");
  pet.modalities = {"PT"};
  pet.confirm = rules::Confirmation::storage_commitment;
  auto later = rule_to("late");
  later.time_points = {"W06"};
  trial.deliver = {rule_to("irc"), readers, pet, later};
  const auto plan = plan_deliveries(trial, verdict_with({"a", "b"}, {"p"}),
                                    {{"a", "CT"}, {"b", "CT"}, {"p", "PT"}, {"x", "CT"}});
  REQUIRE(plan.size() == 2);
  CHECK(plan[0].destination == "irc");
  CHECK(plan[0].instances.size() == 3);
  CHECK(plan[1].destination == "readers");
  CHECK(plan[1].instances.size() == 3);
  CHECK(plan[1].confirm == rules::Confirmation::storage_commitment);
}

TEST_CASE("dispatch queues each instance once for each destination; conclude waits for all of them") {
  TestStore store;
  put_deidentified(store, 1, 3, 2);
  const auto trials = trials_with({rule_to("irc"), rule_to("readers")});
  const auto seen = store.submission(1);
  CHECK(*dispatch(*store, trials, seen));
  CHECK(store.submission(1).state == State::delivering);
  CHECK(store.count(1, Delivery::queued) == 4);
  // The same step again, as after a crash before its caller knew: it has moved on.
  CHECK_FALSE(dispatch(*store, trials, seen).has_value());
  CHECK(store.count(1, Delivery::queued) == 4);

  CHECK_FALSE(*conclude(*store, store.submission(1)));
  set_all(store, Delivery::failed);
  CHECK_FALSE(*conclude(*store, store.submission(1)));
  CHECK(store.submission(1).state == State::delivering);
  set_all(store, Delivery::delivered);
  CHECK(*conclude(*store, store.submission(1)));
  CHECK(store.submission(1).state == State::delivered);
  CHECK(store.events("submission.delivered") == 1);
}

TEST_CASE("dispatch: a trial that is not in force is an error, nothing to send is none") {
  TestStore store;
  put_deidentified(store, 1, 1, 1);
  const auto missing = dispatch(*store, {}, store.submission(1));
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().message().find("ONC-301") != std::string::npos);

  TestStore empty;
  empty.put(submission_of(1, State::deidentified));
  CHECK_FALSE(*dispatch(*empty, {}, empty.submission(1)));
}

TEST_CASE("the next version takes over what is parked, gives up what it does not ask for, repeats nothing") {
  TestStore store;
  put_deidentified(store, 1, 3, 3);
  const auto trials = trials_with({rule_to("irc")});
  REQUIRE(*dispatch(*store, trials, store.submission(1)));
  auto first = store.deliveries(1).front();
  first.state = Delivery::delivered;
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    if (auto updated = transaction.outbox().update(first); !updated) return updated;
    auto row = *transaction.index().submission(1).value();
    return reopen(transaction, row, {{}, "trialgate", "submission.reopened", "late", {}});
  });
  // Instances 0 (delivered) and 1 (parked) stay, 2 (parked) goes.
  put_deidentified(store, 2, 2, 2);
  REQUIRE(*dispatch(*store, trials, store.submission(1)));
  const auto rows = store.deliveries(1);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].state == Delivery::delivered);
  CHECK(rows[1].state == Delivery::queued);
  CHECK(rows[1].version == 2);
  CHECK(rows[1].not_before != parked);
  CHECK(rows[2].state == Delivery::failed);
  CHECK(rows[2].version == 1);
  CHECK_FALSE(*conclude(*store, store.submission(1)));
  auto second = rows[1];
  second.state = Delivery::delivered;
  store.commit([&](storage::Transaction& transaction) { return transaction.outbox().update(second); });
  CHECK(*conclude(*store, store.submission(1)));
}

TEST_CASE("send: what failed goes out again; --to sends all to one place; not before its own dispatch") {
  TestStore store;
  put_deidentified(store, 1, 2, 2);
  CHECK(send(store, "irc").status == exit_could_not);
  REQUIRE(*dispatch(*store, trials_with({rule_to("irc")}), store.submission(1)));
  CHECK(send(store).out == "0 deliveries queued.\n");
  set_all(store, Delivery::failed);
  CHECK(send(store).out == "2 deliveries queued.\n");
  CHECK(store.count(1, Delivery::queued) == 2);
  set_all(store, Delivery::delivered);
  REQUIRE(*conclude(*store, store.submission(1)));
  CHECK(send(store, "backup").out == "2 deliveries queued.\n");
  CHECK(store.submission(1).state == State::delivering);
  CHECK(store.deliveries(1).size() == 4);
  CHECK(send(store, "irc").out == "2 deliveries queued.\n");
  CHECK(store.count(1, Delivery::queued) == 4);
  CHECK(store.audit().back().actor == "Ann");
}

TEST_CASE("decide: a person releases, rejects or re-opens, with name and reason, once") {
  TestStore store;
  store.put(submission_of(1, State::quarantined));
  CHECK(decide(store, Decision::release, "").status == exit_could_not);
  CHECK(decide(store, Decision::release, "because", "").status == exit_could_not);
  CHECK(store.audit().empty());
  CHECK(decide(store, Decision::reject).status == exit_ok);
  CHECK(store.submission(1).state == State::quarantined);
  const Run late = decide(store, Decision::release);
  CHECK(late.status == exit_could_not);
  CHECK(late.err.find("decided before") != std::string::npos);
  CHECK(decide(store, Decision::reopen).status == exit_ok);
  CHECK(store.submission(1).state == State::receiving);
  CHECK(store.submission(1).version == 2);
  CHECK(decide(store, Decision::reopen).status == exit_could_not);

  auto again = submission_of(1, State::quarantined);
  again.version = 2;
  store.put(again);
  CHECK(decide(store, Decision::release).status == exit_ok);
  CHECK(store.submission(1).state == State::released);
  CHECK(store.events("submission.released") == 1);
  CHECK(store.audit().back().reason == "because");
}

TEST_CASE("decide: a study without a known subject, or that is not there, cannot be released") {
  TestStore store;
  CHECK(decide(store, Decision::release).status == exit_could_not);
  auto unknown = submission_of(1, State::quarantined);
  unknown.subject.clear();
  store.put(unknown);
  const Run run = decide(store, Decision::release);
  CHECK(run.status == exit_could_not);
  CHECK(run.err.find("subject register") != std::string::npos);
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
}

TEST_CASE("studies show says what failed, why, and what is held back") {
  TestStore store;
  put_outgoing(store, 1, "irc", 3);
  auto rows = store.deliveries(1);
  rows[0].state = Delivery::failed;
  rows[0].last_error = "status C000H";
  rows[1].not_before = parked;
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    if (auto updated = transaction.outbox().update(rows[0]); !updated) return updated;
    return transaction.outbox().update(rows[1]);
  });
  store.close();
  StudiesOptions options;
  options.store.store = store.folder();
  std::ostringstream out;
  std::ostringstream err;
  CHECK(studies_show_command(options, 1, out, err) == exit_ok);
  store.open();
  CHECK(out.str().find("irc: 1 failed (status C000H)\n") != std::string::npos);
  CHECK(out.str().find("irc: 1 held back\n") != std::string::npos);
  CHECK(out.str().find("irc: 1 queued\n") != std::string::npos);
}
