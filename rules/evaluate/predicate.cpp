#include "rules/evaluate/predicate.h"

#include <string>
#include <utility>

namespace trialgate::rules {
namespace {

Answer ask_test(const Test& test, const MeasuredStack& measured) {
  Answer answer;
  for (const Observation& observation : observe(test.property, measured)) {
    const CheckResult result = test_conditions(test.conditions, test.property, observation.value);
    if (both(answer.result, result) == answer.result) continue;
    answer.result = both(answer.result, result);
    const Text wanted = describe(test.conditions);
    const std::string name = test.property.name();
    answer.reason = {"wanted " + name + " " + wanted.en, "要求 " + name + " " + wanted.zh};
    if (observation.value.state == Value::State::known && observation.value.why.empty()) {
      const bool withheld = is_identifying(test.property);
      const std::string found = describe(observation.value);
      answer.reason.en += ", found " + (withheld ? "(withheld)" : found);
      answer.reason.zh += "，实际为 " + (withheld ? "（不显示）" : found);
    } else {
      answer.reason.en += ", but " + observation.value.why.en;
      answer.reason.zh += "，但" + observation.value.why.zh;
    }
  }
  return answer;
}

Text conditions_in_words(const Predicate& predicate) {
  Text words;
  for (const Test& test : predicate.all) {
    const Text conditions = describe(test.conditions);
    words.en += (words.en.empty() ? "" : " and ") + test.property.name() + " " + conditions.en;
    words.zh += (words.zh.empty() ? "" : " 且 ") + test.property.name() + " " + conditions.zh;
  }
  return words.empty() ? Text{"what is ruled out", "已被排除的条件"} : words;
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
    const Text words = conditions_in_words(none);
    combine(answer, {opposite(inner.result),
                     unknown ? std::move(inner.reason)
                             : Text{"it is ruled out: " + words.en, "属于排除条件：" + words.zh}});
  }
  if (!predicate.any.empty()) {
    Answer best{CheckResult::fail, {"none of the alternatives holds", "所有备选条件均不满足"}};
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
