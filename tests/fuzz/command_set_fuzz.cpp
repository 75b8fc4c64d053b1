#include "dimse/message/command_set.h"
#include "dimse/message/messages.h"

#include <cstdlib>
#include <span>

using namespace trialgate::dimse;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto command = CommandSet::parse(std::span(data, size));
  if (!command) return 0;
  const auto again = CommandSet::parse(command->encode());
  // The group length that is written may take the set beyond the limit; nothing else may change.
  if (size + 12 <= max_command_set_bytes) require(again.has_value() && *again == *command);
  (void)CEchoRq::from(*command);
  (void)Response::from(*command);
  if (const auto rq = CStoreRq::from(*command)) {
    const auto written = CommandSet::parse(rq->to_command_set().encode());
    require(written.has_value() && CStoreRq::from(*written).has_value());
  }
  const auto response = response_to(*command, 0x0110, "comment");
  require(Response::from(*CommandSet::parse(response.encode())).has_value());
  return 0;
}
