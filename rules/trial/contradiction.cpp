#include "rules/trial/contradiction.h"

#include "rules/trial/read_conditions.h"

#include <boost/regex.hpp>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace trialgate::rules {
namespace {

using Conditions = std::vector<Condition>;

std::string folded(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

bool holds(std::string_view whole, std::string_view part) {
  return folded(whole).find(folded(part)) != std::string::npos;
}

bool is_in(const std::vector<std::string>& texts, std::string_view text) {
  return std::ranges::any_of(texts, [&](const std::string& other) { return folded(other) == folded(text); });
}

bool matches(const std::string& text, const std::string& pattern) {
  const boost::regex expression(pattern,
                                boost::regex::ECMAScript | boost::regex::icase | boost::regex::no_except);
  if (expression.status() != 0) return true;
  try {
    return boost::regex_match(text, expression);
  } catch (const std::runtime_error&) {
    return true;  // too costly to be told
  }
}

/// Whether an attribute whose values are exactly `values` passes; true where that is not looked at.
bool may_pass(const Condition& condition, const std::vector<std::string>& values) {
  const auto some = [&values](auto test) { return std::ranges::any_of(values, test); };
  switch (condition.op) {
    case Operator::equals:
      return std::ranges::equal(values, condition.texts, {}, folded, folded);
    case Operator::one_of:
      return !some([&](const std::string& value) { return !is_in(condition.texts, value); });
    case Operator::contains:
      return std::ranges::all_of(condition.texts, [&](const std::string& part) {
        return some([&](const std::string& value) { return holds(value, part); });
      });
    case Operator::excludes:
      return std::ranges::none_of(condition.texts, [&](const std::string& part) {
        return some([&](const std::string& value) { return holds(value, part); });
      });
    case Operator::matches:
      return some([&](const std::string& value) { return matches(value, condition.texts.front()); });
    case Operator::absent:
      return false;
    default:
      return true;
  }
}

const Condition* find(const Conditions& conditions, Operator op) {
  const auto found = std::ranges::find(conditions, op, &Condition::op);
  return found == conditions.end() ? nullptr : &*found;
}

bool all_may_pass(const Conditions& conditions, const std::vector<std::string>& values) {
  return std::ranges::all_of(conditions, [&](const Condition& c) { return may_pass(c, values); });
}

/// An attribute may have several values of a one_of, so that what one lacks another one may contain.
bool one_of_clashes(const Condition& one_of, const Conditions& conditions) {
  std::vector<std::string> left;
  std::ranges::copy_if(one_of.texts, std::back_inserter(left), [&](const std::string& text) {
    return std::ranges::all_of(conditions, [&](const Condition& c) {
      return (c.op != Operator::one_of && c.op != Operator::excludes) || may_pass(c, {text});
    });
  });
  return left.empty() || !all_may_pass(conditions, left);
}

bool texts_clash(const Conditions& conditions) {
  if (const Condition* const equals = find(conditions, Operator::equals))
    return !all_may_pass(conditions, equals->texts);
  if (const Condition* const one_of = find(conditions, Operator::one_of))
    return one_of_clashes(*one_of, conditions);
  for (const Condition& wanted : conditions) {
    if (wanted.op != Operator::contains) continue;
    for (const Condition& barred : conditions) {
      if (barred.op != Operator::excludes) continue;
      for (const std::string& part : barred.texts) {
        if (std::ranges::any_of(wanted.texts, [&](const std::string& text) { return holds(text, part); }))
          return true;
      }
    }
  }
  return false;
}

/// All conditions on the property, from every test of it.
Conditions conditions_on(const Property& property, const std::vector<Test>& tests) {
  Conditions conditions;
  for (const Test& test : tests) {
    if (test.property == property)
      conditions.insert(conditions.end(), test.conditions.begin(), test.conditions.end());
  }
  return conditions;
}

std::string clash_of_tests(const std::vector<Test>& tests) {
  for (const Test& test : tests) {
    const Conditions conditions = conditions_on(test.property, tests);
    const bool absent = find(conditions, Operator::absent) != nullptr;
    const auto is_other = [](const Condition& c) { return c.op != Operator::absent; };
    if (absent && std::ranges::any_of(conditions, is_other)) {
      return "it demands that " + test.property.name() + " is absent and has a value";
    }
    if (test.property.numeric ? is_empty_range(conditions) : texts_clash(conditions)) {
      return "no value of " + test.property.name() + " is left";
    }
  }
  return {};
}

/// True when whatever satisfies `conditions` satisfies `test` too, because they name the values.
bool is_implied_by_values(const Test& test, const Conditions& conditions) {
  const auto decides = [](const Condition& c) {
    return c.op == Operator::equals || c.op == Operator::one_of || c.op == Operator::contains;
  };
  if (test.property.numeric || !std::ranges::all_of(test.conditions, decides)) return false;
  if (const Condition* const equals = find(conditions, Operator::equals))
    return all_may_pass(test.conditions, equals->texts);
  const Condition* const one_of = find(conditions, Operator::one_of);
  return one_of != nullptr && std::ranges::all_of(one_of->texts, [&](const std::string& text) {
           return all_may_pass(test.conditions, {text});
         });
}

/// Everything that `inner` demands is demanded by `outer` too: word for word, or by the values that it names.
bool is_implied(const Predicate& inner, const Predicate& outer) {
  if (inner.all.empty() || !inner.none.empty() || !inner.any.empty()) return false;
  return std::ranges::all_of(inner.all, [&](const Test& test) {
    return std::ranges::find(outer.all, test) != outer.all.end() ||
           is_implied_by_values(test, conditions_on(test.property, outer.all));
  });
}

bool same_tests(const std::vector<Test>& a, const std::vector<Test>& b) {
  return a.size() == b.size() && std::ranges::is_permutation(a, b);
}

bool same_predicates(const std::vector<Predicate>& a, const std::vector<Predicate>& b) {
  return a.size() == b.size() && std::ranges::is_permutation(a, b, demands_the_same);
}

}  // namespace

std::string contradiction(const Predicate& predicate) {
  if (auto clash = clash_of_tests(predicate.all); !clash.empty()) return clash;
  for (const Predicate& none : predicate.none) {
    if (is_implied(none, predicate)) {
      return "it demands " + none.all.front().property.name() + " and rules out the same";
    }
  }
  std::string reason;
  for (const Predicate& option : predicate.any) {
    Predicate whole = conjunction({predicate.all, predicate.none, {}}, option);
    auto clash = contradiction(whole);
    if (clash.empty()) return {};
    if (reason.empty()) reason = std::move(clash);
  }
  return reason.empty() ? reason : "none of the alternatives is possible: " + reason;
}

Predicate conjunction(const Predicate& a, const Predicate& b) {
  Predicate whole = a;
  whole.all.insert(whole.all.end(), b.all.begin(), b.all.end());
  whole.none.insert(whole.none.end(), b.none.begin(), b.none.end());
  if (whole.any.empty()) {
    whole.any = b.any;
  } else if (!b.any.empty()) {
    // One of each list must hold.
    std::vector<Predicate> pairs;
    for (const Predicate& one : a.any) {
      for (const Predicate& other : b.any) pairs.push_back(conjunction(one, other));
    }
    whole.any = std::move(pairs);
  }
  return whole;
}

bool demands_the_same(const Predicate& a, const Predicate& b) {
  return same_tests(a.all, b.all) && same_predicates(a.none, b.none) && same_predicates(a.any, b.any);
}

bool can_be_of(const Predicate& predicate, std::span<const std::string_view> modalities) {
  if (modalities.empty()) return true;
  const auto is_modality = [](const Test& test) { return test.property.attribute == "Modality"; };
  const auto test = std::ranges::find_if(predicate.all, is_modality);
  if (test == predicate.all.end()) return true;
  return std::ranges::any_of(modalities, [&](std::string_view modality) {
    return std::ranges::all_of(test->conditions, [&](const Condition& condition) {
      return may_pass(condition, {std::string(modality)});
    });
  });
}

}  // namespace trialgate::rules
