#include "rules/evaluate/verdict.h"

#include <boost/json.hpp>

#include <array>
#include <limits>
#include <utility>

namespace trialgate::rules {
namespace {

namespace json = boost::json;

json::array texts_to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::object text_to_json(const Text& text) {
  return {{"en", text.en}, {"zh", text.zh}};
}

json::value date_to_json(const std::optional<Date>& date) {
  return date ? json::value(to_iso_date(*date)) : json::value(nullptr);
}

json::object finding_to_json(const Finding& finding) {
  return {
      {"rule_id", finding.rule_id},
      {"severity", to_string(finding.severity)},
      {"result", to_string(finding.result)},
      {"subject", json::object{{"slot", finding.subject.slot},
                               {"series_uid", finding.subject.series_uid},
                               {"instances", texts_to_json(finding.subject.instances)},
                               {"instance_count", finding.subject.instance_count}}},
      {"property", finding.property},
      {"expected", finding.expected},
      {"found", finding.found},
      {"unit", finding.unit},
      {"text", text_to_json(finding.text)},
      {"remedy", text_to_json(finding.remedy)},
      {"charter_version", finding.charter_version},
  };
}

json::object applied_rule_to_json(const AppliedRule& rule) {
  json::array seen;
  for (const SeenValue& value : rule.seen) {
    seen.push_back(json::object{{"series_uid", value.series_uid},
                                {"instance_count", value.instance_count},
                                {"value", value.value},
                                {"detail", value.detail}});
  }
  return {
      {"rule_id", rule.rule_id},
      {"result", rule.result ? json::value(to_string(*rule.result)) : json::value(nullptr)},
      {"property", rule.property},
      {"unit", rule.unit},
      {"expected", rule.expected},
      {"why", rule.why},
      {"seen", std::move(seen)},
      {"seen_count", rule.seen_count},
  };
}

json::object visit_to_json(const VisitFacts& visit) {
  return {
      {"study_date", date_to_json(visit.study_date)},
      {"day", visit.day ? json::value(*visit.day) : json::value(nullptr)},
      {"earliest", date_to_json(visit.earliest)},
      {"target", date_to_json(visit.target)},
      {"latest", date_to_json(visit.latest)},
      {"rescan_until", date_to_json(visit.rescan_until)},
      {"in_window", visit.in_window},
  };
}

/// Reads members of objects and remembers the first mistake. After a mistake everything reads as empty.
class Reader {
 public:
  [[nodiscard]] bool failed() const noexcept { return !mistake_.empty(); }
  [[nodiscard]] Failure failure() const { return fail(Errc::invalid_configuration, mistake_); }

  const json::object& object(const json::value& value, std::string_view where) {
    if (value.is_object()) return value.get_object();
    note(where, "an object");
    return empty_object_;
  }

  const json::value& member(const json::object& object, std::string_view key) {
    if (const json::value* const value = object.if_contains(key)) return *value;
    note(key, "a member");
    return null_;
  }

  const json::array& array(const json::object& object, std::string_view key) {
    const json::value& value = member(object, key);
    if (value.is_array()) return value.get_array();
    note(key, "an array");
    return empty_array_;
  }

  std::string text(const json::value& value, std::string_view where) {
    if (value.is_string()) return std::string(value.get_string());
    note(where, "a string");
    return {};
  }

  std::string text(const json::object& object, std::string_view key) {
    return text(member(object, key), key);
  }

  std::uint64_t count(const json::object& object, std::string_view key, std::uint64_t most) {
    boost::system::error_code error;
    const auto number = member(object, key).to_number<std::uint64_t>(error);
    if (!error && number <= most) return number;
    note(key, "a number that is not negative");
    return 0;
  }

  bool flag(const json::object& object, std::string_view key) {
    const json::value& value = member(object, key);
    if (value.is_bool()) return value.get_bool();
    note(key, "true or false");
    return false;
  }

  std::vector<std::string> texts(const json::object& object, std::string_view key) {
    std::vector<std::string> list;
    for (const json::value& value : array(object, key)) list.push_back(text(value, key));
    return list;
  }

  Text sentence(const json::object& holder, std::string_view key) {
    const json::object& both = object(member(holder, key), key);
    return {text(both, "en"), text(both, "zh")};
  }

  std::optional<Date> date(const json::object& object, std::string_view key) {
    const json::value& value = member(object, key);
    if (value.is_null()) return std::nullopt;
    const auto parsed = parse_iso_date(text(value, key));
    if (!parsed) note(key, "a date or null");
    return parsed;
  }

  /// The enumerator whose to_string() is the member, from the first up to `last`.
  template <class Enum>
  Enum word(const json::object& object, std::string_view key, Enum last) {
    const std::string name = text(object, key);
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    }
    note(key, "a known word");
    return last;
  }

  void note(std::string_view where, std::string_view expected) {
    if (mistake_.empty()) mistake_ = "member '" + std::string(where) + "': expected " + std::string(expected);
  }

 private:
  std::string mistake_;
  const json::object empty_object_;
  const json::array empty_array_;
  const json::value null_;
};

Finding read_finding(const json::value& value, Reader& reader) {
  const json::object& object = reader.object(value, "findings");
  Finding finding;
  finding.rule_id = reader.text(object, "rule_id");
  finding.severity = reader.word(object, "severity", RuleSeverity::reject);
  finding.result = reader.word(object, "result", CheckResult::not_determinable);
  const json::object& subject = reader.object(reader.member(object, "subject"), "subject");
  finding.subject.slot = reader.text(subject, "slot");
  finding.subject.series_uid = reader.text(subject, "series_uid");
  finding.subject.instances = reader.texts(subject, "instances");
  finding.subject.instance_count =
      reader.count(subject, "instance_count", std::numeric_limits<std::uint32_t>::max());
  finding.property = reader.text(object, "property");
  finding.expected = reader.text(object, "expected");
  finding.found = reader.text(object, "found");
  finding.unit = reader.text(object, "unit");
  finding.text = reader.sentence(object, "text");
  finding.remedy = reader.sentence(object, "remedy");
  finding.charter_version = reader.text(object, "charter_version");
  return finding;
}

AppliedRule read_applied_rule(const json::value& value, Reader& reader) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  const json::object& object = reader.object(value, "rules");
  AppliedRule rule;
  rule.rule_id = reader.text(object, "rule_id");
  if (!reader.member(object, "result").is_null()) {
    rule.result = reader.word(object, "result", CheckResult::not_determinable);
  }
  rule.property = reader.text(object, "property");
  rule.unit = reader.text(object, "unit");
  rule.expected = reader.text(object, "expected");
  rule.why = reader.text(object, "why");
  for (const json::value& item : reader.array(object, "seen")) {
    const json::object& seen = reader.object(item, "seen");
    rule.seen.push_back({reader.text(seen, "series_uid"), reader.count(seen, "instance_count", most),
                         reader.text(seen, "value"), reader.text(seen, "detail")});
  }
  rule.seen_count = reader.count(object, "seen_count", most);
  return rule;
}

VisitFacts read_visit(const json::object& object, Reader& reader) {
  VisitFacts visit;
  visit.study_date = reader.date(object, "study_date");
  if (const json::value& day = reader.member(object, "day"); !day.is_null()) {
    boost::system::error_code error;
    const int number = day.to_number<int>(error);
    if (error) reader.note("day", "a whole number or null");
    visit.day = number;
  }
  visit.earliest = reader.date(object, "earliest");
  visit.target = reader.date(object, "target");
  visit.latest = reader.date(object, "latest");
  visit.rescan_until = reader.date(object, "rescan_until");
  visit.in_window = reader.flag(object, "in_window");
  return visit;
}

Facts read_facts(const json::value& value, Reader& reader) {
  Facts facts;
  for (const auto& [slot, properties] : reader.object(value, "facts")) {
    SlotFacts& slot_facts = facts[std::string(slot)];
    for (const auto& [name, fact] : reader.object(properties, slot)) {
      const json::object& object = reader.object(fact, name);
      FactValue& fact_value = slot_facts[std::string(name)];
      fact_value.texts = reader.texts(object, "texts");
      if (const json::value& number = reader.member(object, "number"); !number.is_null()) {
        boost::system::error_code error;
        fact_value.number = number.to_number<double>(error);
        if (error) reader.note("number", "a number or null");
      }
    }
  }
  return facts;
}

}  // namespace

json::value to_json(const Facts& facts) {
  json::object slots;
  for (const auto& [slot, properties] : facts) {
    json::object values;
    for (const auto& [name, fact] : properties) {
      values[name] = json::object{{"texts", texts_to_json(fact.texts)},
                                  {"number", fact.number ? json::value(*fact.number) : json::value(nullptr)}};
    }
    slots[slot] = std::move(values);
  }
  return slots;
}

json::value to_json(const Verdict& verdict) {
  json::array findings;
  for (const Finding& finding : verdict.findings) findings.push_back(finding_to_json(finding));
  json::array rules;
  for (const AppliedRule& rule : verdict.rules) rules.push_back(applied_rule_to_json(rule));
  json::object slots;
  for (const auto& [id, match] : verdict.slots) {
    slots[id] = json::object{{"series_uids", texts_to_json(match.series_uids)},
                             {"instances", texts_to_json(match.instances)},
                             {"alternates", texts_to_json(match.alternates)}};
  }
  json::array unmatched;
  for (const UnmatchedStack& stack : verdict.unmatched) {
    unmatched.push_back(json::object{{"series_uid", stack.series_uid},
                                     {"kind", to_string(stack.kind)},
                                     {"slice_count", stack.slice_count},
                                     {"modality", stack.modality},
                                     {"reason", stack.reason}});
  }
  return json::object{
      {"outcome", to_string(verdict.outcome)},
      {"version", verdict.version},
      {"protocol_id", verdict.protocol_id},
      {"site", verdict.site},
      {"study_uid", verdict.study_uid},
      {"subject_id", verdict.subject_id},
      {"time_point_id", verdict.time_point_id},
      {"visit", visit_to_json(verdict.visit)},
      {"findings", std::move(findings)},
      {"rules", std::move(rules)},
      {"slots", std::move(slots)},
      {"unmatched", std::move(unmatched)},
      {"facts", to_json(verdict.facts)},
      {"modalities", texts_to_json(verdict.modalities)},
      {"instance_count", verdict.instance_count},
      {"charter_version", verdict.charter_version},
      {"rules_sha256", verdict.rules_sha256},
      {"register_sha256", verdict.register_sha256},
  };
}

Result<Facts> facts_from_json(const json::value& value) {
  Reader reader;
  Facts facts = read_facts(value, reader);
  if (reader.failed()) return reader.failure();
  return facts;
}

Result<Verdict> verdict_from_json(const json::value& value) {
  Reader reader;
  const json::object& object = reader.object(value, "verdict");
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  Verdict verdict;
  verdict.outcome = reader.word(object, "outcome", Outcome::quarantine);
  verdict.version = static_cast<std::uint32_t>(reader.count(object, "version", most));
  verdict.protocol_id = reader.text(object, "protocol_id");
  verdict.site = reader.text(object, "site");
  verdict.study_uid = reader.text(object, "study_uid");
  verdict.subject_id = reader.text(object, "subject_id");
  verdict.time_point_id = reader.text(object, "time_point_id");
  verdict.visit = read_visit(reader.object(reader.member(object, "visit"), "visit"), reader);
  for (const json::value& finding : reader.array(object, "findings")) {
    verdict.findings.push_back(read_finding(finding, reader));
  }
  // Verdicts that were stored before rules were accounted for have no such member.
  if (object.contains("rules")) {
    for (const json::value& rule : reader.array(object, "rules")) {
      verdict.rules.push_back(read_applied_rule(rule, reader));
    }
  }
  for (const auto& [id, match] : reader.object(reader.member(object, "slots"), "slots")) {
    const json::object& members = reader.object(match, id);
    verdict.slots[std::string(id)] = {reader.texts(members, "series_uids"),
                                      reader.texts(members, "instances"),
                                      reader.texts(members, "alternates")};
  }
  for (const json::value& item : reader.array(object, "unmatched")) {
    const json::object& stack = reader.object(item, "unmatched");
    verdict.unmatched.push_back({reader.text(stack, "series_uid"),
                                 reader.word(stack, "kind", StackKind::not_an_image),
                                 reader.count(stack, "slice_count", most), reader.text(stack, "modality"),
                                 reader.text(stack, "reason")});
  }
  verdict.facts = read_facts(reader.member(object, "facts"), reader);
  verdict.modalities = reader.texts(object, "modalities");
  verdict.instance_count = reader.count(object, "instance_count", most);
  verdict.charter_version = reader.text(object, "charter_version");
  verdict.rules_sha256 = reader.text(object, "rules_sha256");
  verdict.register_sha256 = reader.text(object, "register_sha256");
  if (reader.failed()) return reader.failure();
  return verdict;
}

}  // namespace trialgate::rules
