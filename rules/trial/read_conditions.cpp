#include "rules/trial/read_conditions.h"

#include "rules/trial/property.h"
#include "rules/trial/vocabulary.h"

#include <boost/regex.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace trialgate::rules {
namespace {

/// Reads the operands of one property's conditions.
class ConditionReader {
 public:
  ConditionReader(const Property& property, TestPlace place, YamlErrors& errors)
      : property_(property), place_(place), errors_(errors), name_(property.name()) {}

  std::vector<Condition> read(const YAML::Node& node) {
    if (node.IsScalar()) {
      add(Operator::equals, node);
    } else if (node.IsSequence()) {
      add(Operator::one_of, node);
    } else if (node.IsMap()) {
      read_map(node);
    } else {
      errors_.add(node,
                  name_ + " has no test; expected a value, a list of values, or a map such as {max: 5}");
    }
    return std::move(conditions_);
  }

 private:
  void read_map(const YAML::Node& node) {
    YamlMap map(node, name_, errors_);
    std::optional<Tolerance> tolerance;
    const std::size_t mistakes = errors_.size();
    const auto size = map.take("tolerance");
    if (size) tolerance = read_tolerance(*size, errors_);
    constexpr std::array<std::string_view, 14> operators{
        "equals", "one_of",   "min",      "max",     "between",      "matches", "present",
        "absent", "contains", "excludes", "same_as", "same_as_slot", "after",   "before"};
    for (const std::string_view word : operators) {
      if (const auto operand = map.take(word)) add(*operator_named(word), *operand);
    }
    map.finish();
    if (conditions_.empty() && errors_.size() == mistakes) {
      errors_.add(node,
                  name_ + " has no test; expected at least one of min, max, between, equals, one_of, ...");
    }
    if (tolerance && errors_.size() == mistakes) check_tolerance(*size, *tolerance);
    for (Condition& condition : conditions_) condition.tolerance = tolerance;
  }

  void check_tolerance(const YAML::Node& at, const Tolerance& tolerance) {
    const auto has_no_number = [](const Condition& c) {
      return c.op == Operator::present || c.op == Operator::absent;
    };
    const auto is_zero = [](double number) { return number == 0; };
    if (!property_.numeric) {
      errors_.add(at, "a tolerance is of numbers, " + name_ + " is a text; expected none");
    } else if (std::ranges::all_of(conditions_, has_no_number)) {
      errors_.add(at, "a tolerance needs a number; expected equals, min, max, between or same_as with it");
    } else if (tolerance.per_cent && std::ranges::any_of(conditions_, [&](const Condition& c) {
                 return std::ranges::any_of(c.numbers, is_zero);
               })) {
      errors_.add(at, "per cent of 0 are 0; expected a tolerance without '%'");
    }
  }

  void add(Operator op, const YAML::Node& operand) {
    if (!is_allowed(op, operand)) return;
    Condition condition;
    condition.op = op;
    const std::size_t mistakes = errors_.size();
    switch (op) {
      case Operator::present:
      case Operator::absent:
        if (const auto flag = read_flag(operand, to_string(op), errors_); flag && !*flag) {
          condition.op = op == Operator::present ? Operator::absent : Operator::present;
        }
        break;
      case Operator::equals:
      case Operator::one_of:
        read_operands(condition, operand);
        break;
      case Operator::min:
      case Operator::max:
        if (const auto text = read_text(operand, to_string(op), errors_))
          add_operand(condition, *text, operand);
        break;
      case Operator::between:
        read_between(condition, operand);
        break;
      case Operator::matches:
        read_expression(condition, operand);
        break;
      case Operator::contains:
      case Operator::excludes:
        condition.texts = read_texts(operand, to_string(op), errors_);
        break;
      case Operator::same_as:
      case Operator::same_as_slot:
      case Operator::after_slot:
      case Operator::before_slot:
        if (auto id = read_text(operand, to_string(op), errors_)) condition.texts.push_back(std::move(*id));
        break;
    }
    if (errors_.size() == mistakes) conditions_.push_back(std::move(condition));
  }

  bool is_allowed(Operator op, const YAML::Node& at) {
    const std::string word(to_string(op));
    const bool orders = op == Operator::after_slot || op == Operator::before_slot;
    const bool compares = op == Operator::same_as || compares_slots(op);
    if (compares && place_ == TestPlace::predicate) {
      errors_.add(at, word + " cannot stand here; expected it in a check");
      return false;
    }
    if (orders != (property_.quantity == Quantity::acquisition_start)) {
      errors_.add(at, orders ? "'" + word + "' needs a time; expected it with acquisition_start"
                             : name_ + " can only be ordered; expected {after: SERIES} or {before: SERIES}");
      return false;
    }
    if (property_.quantity && only_comparable(*property_.quantity) && !compares) {
      errors_.add(at,
                  name_ + " can only be compared; expected {same_as: TIME_POINT} or {same_as_slot: SERIES}");
      return false;
    }
    if (property_.quantity && (op == Operator::present || op == Operator::absent)) {
      errors_.add(
          at, name_ +
                  " is computed, it is never absent; expected if_unknown to say what becomes of a study " +
                  "whose headers are silent");
      return false;
    }
    const bool for_numbers = op == Operator::min || op == Operator::max || op == Operator::between;
    if (for_numbers && !property_.numeric) {
      errors_.add(at, "'" + word + "' needs a number, " + name_ +
                          " is a text; expected equals, one_of, matches, " + "contains or excludes");
      return false;
    }
    const bool for_texts = op == Operator::matches || op == Operator::contains || op == Operator::excludes;
    if (for_texts && property_.numeric) {
      errors_.add(at, "'" + word + "' needs a text, " + name_ +
                          " is a number; expected equals, one_of, min, max or " + "between");
      return false;
    }
    return true;
  }

  void read_operands(Condition& condition, const YAML::Node& operand) {
    const auto texts = read_texts(operand, name_, errors_);
    const bool has_places = operand.IsSequence() && operand.size() == texts.size();
    for (std::size_t i = 0; i < texts.size(); ++i)
      add_operand(condition, texts[i], has_places ? YAML::Node(operand[i]) : operand);
  }

  void add_operand(Condition& condition, const std::string& text, const YAML::Node& at) {
    if (property_.numeric) {
      const auto number = number_of(text);
      if (!number) {
        const std::string unit = property_.unit.empty() ? "" : " of " + property_.unit + " without its unit";
        errors_.add(at, "'" + text + "' cannot be compared with " + name_ + "; expected a number" + unit);
        return;
      }
      condition.texts.push_back(text);
      condition.numbers.push_back(*number);
      return;
    }
    if (property_.attribute == "Modality") check_modality(at, text, errors_);
    condition.texts.push_back(property_.quantity ? word_of(text, at) : text);
  }

  /// YAML's true and false stand for yes and no.
  std::string word_of(const std::string& text, const YAML::Node& at) {
    std::string word = text;
    if (word == "true") word = "yes";
    if (word == "false") word = "no";
    const auto words = values_of(*property_.quantity);
    if (std::ranges::find(words, word) == words.end())
      errors_.add(at, unknown_word("value of " + name_, text, words));
    return word;
  }

  void read_between(Condition& condition, const YAML::Node& operand) {
    if (!operand.IsSequence() || operand.size() != 2) {
      errors_.add(operand, "between is not a pair; expected [lowest, highest]");
      return;
    }
    for (const YAML::Node& bound : operand) {
      if (const auto text = read_text(bound, "between", errors_)) add_operand(condition, *text, bound);
    }
  }

  void read_expression(Condition& condition, const YAML::Node& operand) {
    auto text = read_text(operand, "matches", errors_);
    if (!text) return;
    const boost::regex expression(*text,
                                  boost::regex::ECMAScript | boost::regex::icase | boost::regex::no_except);
    if (expression.status() != 0) {
      errors_.add(operand, "'" + *text + "' is no regular expression (ECMAScript)");
      return;
    }
    condition.texts.push_back(std::move(*text));
  }

  const Property& property_;
  TestPlace place_;
  YamlErrors& errors_;
  std::string name_;
  std::vector<Condition> conditions_;
};

}  // namespace

std::optional<Tolerance> read_tolerance(const YAML::Node& node, YamlErrors& errors) {
  if (node.IsScalar()) {
    std::string_view text = node.Scalar();
    const bool per_cent = text.ends_with('%');
    if (per_cent) text.remove_suffix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (const auto value = number_of(text); value && *value >= 0) return Tolerance{*value, per_cent};
  }
  errors.add(node, "tolerance is no size; expected a number that is not negative, or per cent as in 10%");
  return std::nullopt;
}

NumberRange range_of(const std::vector<Condition>& conditions) {
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
  for (const Condition& condition : conditions) {
    if (condition.numbers.empty()) continue;
    const bool is_one = condition.op == Operator::equals && condition.numbers.size() == 1;
    if (condition.op == Operator::min || condition.op == Operator::between || is_one) {
      lowest = std::max(lowest, condition.numbers.front());
    }
    if (condition.op == Operator::max || condition.op == Operator::between || is_one) {
      highest = std::min(highest, condition.numbers.back());
    }
  }
  return {lowest, highest};
}

bool is_empty_range(const std::vector<Condition>& conditions) {
  const NumberRange range = range_of(conditions);
  if (range.lowest > range.highest) return true;
  const auto outside = [&](double number) { return number < range.lowest || number > range.highest; };
  return std::ranges::any_of(conditions, [&](const Condition& condition) {
    const bool names_values = condition.op == Operator::equals || condition.op == Operator::one_of;
    return names_values && !condition.numbers.empty() && std::ranges::all_of(condition.numbers, outside);
  });
}

std::vector<Condition> read_conditions(const YAML::Node& node, const Property& property, TestPlace place,
                                       YamlErrors& errors) {
  auto conditions = ConditionReader(property, place, errors).read(node);
  const bool below_zero = property.quantity && property.numeric && !can_be_negative(*property.quantity) &&
                          range_of(conditions).highest < 0;
  if (is_empty_range(conditions) || below_zero) {
    errors.add(node, "an empty range: no " + property.name() + " can satisfy it");
  }
  return conditions;
}

}  // namespace trialgate::rules
