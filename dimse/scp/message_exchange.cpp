#include "dimse/scp/message_exchange.h"

#include "dimse/message/messages.h"

#include <utility>

namespace trialgate::dimse {

Task<Result<std::optional<MessageEvent>>> MessageExchange::next_event(Waiting between) {
  for (;;) {
    const Waiting waiting = assembler_.in_message() ? Waiting::for_rest : between;
    auto indication = co_await association_.receive(waiting);
    if (!indication) co_return indication.error();
    if (std::holds_alternative<ReleaseIndicated>(*indication) && !assembler_.in_message())
      co_return std::nullopt;
    Failure failure = fail(Errc::unexpected_message, "release within a message");
    if (const auto* fragment = std::get_if<PdvFragment>(&*indication)) {
      auto event = assembler_.add(*fragment);
      if (event && *event) co_return std::move(*event);
      if (event) continue;
      failure = event.error();
    }
    co_await association_.abort(failure);
    co_return failure;
  }
}

Task<Result<std::optional<std::vector<std::uint8_t>>>> MessageExchange::gather(const CommandSet& command,
                                                                               std::size_t most_bytes) {
  std::vector<std::uint8_t> bytes;
  bool fits = true;
  bool last = !command.data_set_follows();
  while (!last) {
    const auto event = co_await next_event(Waiting::for_rest);
    if (!event) co_return event.error();
    // The assembler gives no command before the data set's end.
    const auto& data = std::get<DataSetBytes>(**event);
    last = data.last;
    fits = fits && bytes.size() + data.bytes.size() <= most_bytes;
    if (fits) bytes.insert(bytes.end(), data.bytes.begin(), data.bytes.end());
  }
  if (!fits) co_return std::nullopt;
  co_return std::move(bytes);
}

Task<Result<void>> MessageExchange::skip(const CommandSet& command) {
  const auto skipped = co_await gather(command, 0);
  if (!skipped) co_return skipped.error();
  co_return Result<void>();
}

Task<Result<void>> MessageExchange::flush() {
  // After an A-ABORT a send would close the connection under it.
  if (association_.state() != State::sta6_data &&
      association_.state() != State::sta8_awaiting_local_release_response)
    co_return fail(Errc::aborted, {});
  const auto sent = co_await association_.send_p_data(writer_.pending());
  writer_.clear();
  co_return sent;
}

Task<Result<void>> MessageExchange::send(PresentationContextId context, CommandSet command,
                                         std::span<const std::uint8_t> data_set) {
  if (!data_set.empty()) announce_data_set(command);
  const auto bytes = command.encode();
  writer_.add_command(context, bytes);
  if (!data_set.empty()) writer_.begin_data_set(context, data_set.size());
  while (!data_set.empty()) {
    if (writer_.room() == 0) {
      auto flushed = co_await flush();
      if (!flushed) co_return flushed;
    }
    data_set = data_set.subspan(writer_.add_data(data_set));
  }
  co_return co_await flush();
}

Task<Result<void>> MessageExchange::send(PresentationContextId context, CommandSet command,
                                         InstanceSource& source) {
  if (source.size_bytes() % 2 != 0) co_return fail(Errc::odd_length, {});
  announce_data_set(command);
  const auto bytes = command.encode();
  writer_.add_command(context, bytes);
  writer_.begin_data_set(context, source.size_bytes());
  while (writer_.data_set_left() > 0) {
    if (writer_.room() == 0) {
      auto flushed = co_await flush();
      if (!flushed) co_return flushed;
    }
    const auto piece = co_await source.read(writer_.room());
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return fail(Errc::source_failed, "end before its size");
    if (writer_.add_data(*piece) != piece->size()) co_return fail(Errc::source_failed, "more than asked for");
  }
  co_return co_await flush();
}

}  // namespace trialgate::dimse
