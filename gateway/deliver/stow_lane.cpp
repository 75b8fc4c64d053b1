#include "gateway/deliver/lane.h"
#include "gateway/deliver/stow_body.h"
#include "gateway/deliver/stow_client.h"
#include "gateway/deliver/stow_response.h"
#include "gateway/receive/offload.h"

#include <iterator>
#include <utility>

namespace trialgate::gateway {

/// One request and its answer.
struct Lane::StowRequest {
  std::vector<OutgoingInstance> sent;
  std::vector<std::pair<OutgoingInstance, storage::Failure>> lost;  ///< cannot be read
  StowAnswer answer;
};

Lane::StowRequest Lane::exchange(StowClient& client, std::vector<OutgoingInstance>& waiting,
                                 std::size_t most) {
  StowRequest request;
  StowBody body;
  std::size_t taken = 0;
  std::uint64_t bytes = 0;
  for (; taken < waiting.size() && request.sent.size() < most; ++taken) {
    OutgoingInstance& instance = waiting[taken];
    const std::uint64_t more = instance.derived.data_set_bytes;
    if (!request.sent.empty() && bytes + more > destination_.stow->request_bytes) break;
    const auto wanted = is_wanted(instance);
    if (wanted && !*wanted) {
      release(instance.delivery.id);
      continue;
    }
    const auto added =
        wanted ? body.add(store_.blobs(), instance.derived) : storage::Result<void>(wanted.error());
    if (!added) {
      request.lost.emplace_back(std::move(instance), added.error());
      continue;
    }
    bytes += more;
    request.sent.push_back(std::move(instance));
  }
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(taken));
  body.finish();
  if (!request.sent.empty()) request.answer = client.send(body);
  return request;
}

bool Lane::account(const StowRequest& request) {
  const StowAnswer& answer = request.answer;
  const StowMeaning meaning = meaning_of(answer.http_status);
  const std::string status = "HTTP status " + std::to_string(answer.http_status);
  if (!answer.problem.empty() || meaning == StowMeaning::away) {
    const std::string& why = answer.problem.empty() ? status : answer.problem;
    unreachable(why);
    for (const OutgoingInstance& instance : request.sent) record(instance, {std::nullopt, why, false});
    return false;
  }
  reachable();
  const auto results = meaning == StowMeaning::answered ? read_stow_response(answer.body) : std::nullopt;
  for (const OutgoingInstance& instance : request.sent) {
    if (meaning == StowMeaning::refused) {
      record(instance, {std::nullopt, status, true});
      continue;
    }
    if (!results) {
      record(instance, {std::nullopt, status + ", and the answer cannot be read", false});
      continue;
    }
    const auto result = results->find(instance.derived.sop_instance_uid);
    if (result != results->end()) {
      record(instance, {result->second, {}, !may_pass_by_itself(result->second)});
    } else {
      // 409 means that nothing was stored; any other answer should have named it.
      record(instance, {std::nullopt, status + ", and the answer does not name the instance",
                        answer.http_status == 409});
    }
  }
  return true;
}

dimse::Task<void> Lane::send_by_stow(std::vector<OutgoingInstance> batch) {
  StowClient client(*destination_.stow, destination_.response_timeout, stow_stopping_);
  std::size_t most = batch.size();
  bool usable = true;
  while (usable && !batch.empty() && !stopping_) {
    auto work = [&] { return exchange(client, batch, most); };
    StowRequest request = co_await offload(*stow_threads_, work);
    for (const auto& [instance, failure] : request.lost)
      record(instance, {std::nullopt, failure.message(), is_for_good(failure)});
    if (request.sent.empty()) continue;
    const bool refused =
        request.answer.problem.empty() && meaning_of(request.answer.http_status) == StowMeaning::refused;
    if (refused && request.sent.size() > 1) {
      // One of them is to blame: each goes alone.
      most = 1;
      batch.insert(batch.begin(), std::make_move_iterator(request.sent.begin()),
                   std::make_move_iterator(request.sent.end()));
      continue;
    }
    usable = account(request);
  }
  for (const OutgoingInstance& instance : batch) release(instance.delivery.id);
}

}  // namespace trialgate::gateway
