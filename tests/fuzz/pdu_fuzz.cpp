#include "dimse/message/message_assembler.h"
#include "dimse/pdu/encode.h"
#include "dimse/pdu/parse.h"
#include "dimse/pdu/pdu_reader.h"

#include <algorithm>
#include <cstdlib>
#include <string>

using namespace trialgate::dimse;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// What was parsed survives being written and parsed again.
template <class Pdu>
void check_round_trip(const Pdu& pdu, Result<Pdu> (*parse)(std::span<const std::uint8_t>)) {
  const auto bytes = encode(pdu);
  const auto again = parse(std::span(bytes).subspan(pdu_header_bytes));
  require(again.has_value() && *again == pdu);
}

void parse_control(const ControlPdu& pdu) {
  switch (pdu.type) {
    case PduType::associate_rq:
      if (const auto rq = parse_associate_rq(pdu.body)) check_round_trip(*rq, parse_associate_rq);
      break;
    case PduType::associate_ac:
      if (const auto ac = parse_associate_ac(pdu.body)) check_round_trip(*ac, parse_associate_ac);
      break;
    case PduType::associate_rj:
      if (const auto rj = parse_associate_rj(pdu.body)) check_round_trip(*rj, parse_associate_rj);
      break;
    case PduType::abort:
      if (const auto abort = parse_abort(pdu.body)) check_round_trip(*abort, parse_abort);
      break;
    default:
      (void)parse_release(pdu.body);
      break;
  }
}

/// Reads the stream in pieces and describes what came of it, independent of the pieces.
std::string read(std::span<const std::uint8_t> stream, std::size_t piece) {
  PduReader reader(4096);
  MessageAssembler assembler(std::bitset<256>().set(), OddFragments::any);
  bool in_order = true;
  std::string seen;
  while (!stream.empty()) {
    auto unread = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(unread.size());
    for (;;) {
      const auto event = reader.next(unread);
      if (!event) return seen + "!" + event.error().message();
      if (!*event) break;
      if (const auto* control = std::get_if<ControlPdu>(&**event)) {
        seen += "c" + std::to_string(static_cast<int>(control->type)) + ":" +
                std::to_string(control->body.size());
        parse_control(*control);
        continue;
      }
      const auto& fragment = std::get<PdvFragment>(**event);
      if (fragment.begins_pdv) seen += "p" + std::to_string(fragment.pdv_payload_bytes);
      seen.append(fragment.bytes.begin(), fragment.bytes.end());
      if (!in_order) continue;
      const auto message = assembler.add(fragment);
      in_order = message.has_value();
      if (!in_order) seen += "?";
    }
    require(unread.empty());
  }
  return seen;
}

}  // namespace

/// The first byte says how the stream is cut. The pieces must not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::span<const std::uint8_t> stream(data + 1, size - 1);
  parse_control({static_cast<PduType>(1 + data[0] % 7), stream});
  // A misplaced fragment is noticed with its first byte or its last: only orderly streams compare.
  const std::string whole = read(stream, std::max<std::size_t>(stream.size(), 1));
  const std::string cut = read(stream, 1 + data[0] % 64);
  if (whole.find('?') == std::string::npos) require(whole == cut);
  return 0;
}
