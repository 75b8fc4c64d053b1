#include "rules/evaluate/predicate.h"

#include <utility>

namespace trialgate::rules {
namespace {

std::string shown(const Property& property, const Value& value) {
  return is_identifying(property) ? "(withheld)" : describe(value);
}

Answer ask_test(const Test& test, const MeasuredStack& measured) {
  Answer answer;
  for (const Observation& observation : observe(test.property, measured)) {
    const CheckResult result = test_conditions(test.conditions, test.property, observation.value);
    if (both(answer.result, result) == answer.result) continue;
    answer.result = both(answer.result, result);
    const std::string wanted = test.property.name() + " " + describe(test.conditions).en;
    if (observation.value.state == Value::State::known) {
      answer.reason = "wanted " + wanted + ", found " + shown(test.property, observation.value);
    } else {
      answer.reason = "wanted " + wanted + ", but " + observation.value.why.en;
    }
  }
  return answer;
}

std::string conditions_in_words(const Predicate& predicate) {
  std::string words;
  for (const Test& test : predicate.all) {
    words += (words.empty() ? "" : " and ") + test.property.name() + " " + describe(test.conditions).en;
  }
  return words.empty() ? "what is ruled out" : words;
}

void combine(Answer& answer, Answer other) {
  const CheckResult result = both(answer.result, other.result);
  if (result != answer.result) answer = {result, std::move(other.reason)};
}

}  // namespace

Answer ask(const Predicate& predicate, const MeasuredStack& measured) {
  Answer answer;
  for (const Test& test : predicate.all) combine(answer, ask_test(test, measured));
  for (const Predicate& none : predicate.none) {
    Answer inner = ask(none, measured);
    const bool unknown = inner.result == CheckResult::not_determinable;
    combine(answer, {opposite(inner.result),
                     unknown ? std::move(inner.reason) : "it is ruled out: " + conditions_in_words(none)});
  }
  if (!predicate.any.empty()) {
    Answer best{CheckResult::fail, "none of the alternatives holds"};
    for (const Predicate& option : predicate.any) {
      Answer inner = ask(option, measured);
      if (either(best.result, inner.result) != best.result)
        best = {either(best.result, inner.result), inner.reason};
    }
    combine(answer, std::move(best));
  }
  return answer;
}

}  // namespace trialgate::rules
