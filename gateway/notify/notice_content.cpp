#include "gateway/notify/notice_content.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace trialgate::gateway {
namespace {

/// What a technician finds a series by.
struct SeriesLine {
  std::string number;
  std::string modality;
  std::string time;  ///< "10:31"
};

std::string value_of(const rules::InstanceRecord& record, std::string_view path) {
  const auto text = record.text(path);
  return text ? printable(*text) : std::string();
}

std::string clock_of(const std::string& tm) {
  return tm.size() >= 4 ? tm.substr(0, 2) + ":" + tm.substr(2, 2) : std::string();
}

std::string date_of(const std::string& da) {
  return da.size() == 8 ? da.substr(0, 4) + "-" + da.substr(4, 2) + "-" + da.substr(6, 2) : da;
}

std::string day_text(const std::optional<rules::Date>& day) {
  return day ? utc_text(*day).substr(0, 10) : std::string();
}

std::string minute_text(storage::UtcTime at) {
  std::string text = utc_text(at).substr(0, 16);
  text[10] = ' ';
  return text;
}

/// The series and the numbers of instances that findings point to by UID.
class SeriesBook {
 public:
  explicit SeriesBook(const std::vector<rules::InstanceRecord>& records) {
    for (const rules::InstanceRecord& record : records) {
      SeriesLine& line = lines_[record.series_uid];
      if (line.number.empty()) {
        line = {value_of(record, "SeriesNumber"), value_of(record, "Modality"),
                clock_of(value_of(record, "SeriesTime"))};
      }
      const std::string number = value_of(record, "InstanceNumber");
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
      if (error == std::errc() && end == number.data() + number.size())
        numbers_[record.sop_instance_uid] = value;
    }
  }

  [[nodiscard]] std::string describe(const std::vector<std::string>& series_uids) const {
    std::string text;
    for (const std::string& uid : series_uids) {
      const auto found = lines_.find(uid);
      if (found == lines_.end()) continue;
      const auto& [number, modality, time] = found->second;
      if (!text.empty()) text += ", ";
      text += (number.empty() ? "?" : number) + " (" + modality + (time.empty() ? "" : ", " + time) + ")";
    }
    return text;
  }
  [[nodiscard]] std::vector<std::int64_t> numbers_of(const std::vector<std::string>& instances) const {
    std::vector<std::int64_t> numbers;
    for (const std::string& uid : instances) {
      if (const auto found = numbers_.find(uid); found != numbers_.end()) numbers.push_back(found->second);
    }
    return numbers;
  }

 private:
  std::map<std::string, SeriesLine, std::less<>> lines_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;
};

std::vector<std::string> series_of(const rules::Verdict& verdict, const rules::FindingSubject& subject) {
  if (!subject.series_uid.empty()) return {subject.series_uid};
  const auto slot = verdict.slots.find(subject.slot);
  return slot == verdict.slots.end() ? std::vector<std::string>() : slot->second.series_uids;
}

std::string with_unit(const std::string& value, const std::string& unit) {
  return printable(value.empty() || unit.empty() ? value : value + " " + unit);
}

const std::string& in_language(const rules::Text& text, rules::Language language) {
  return language == rules::Language::zh && !text.zh.empty() ? text.zh : text.en;
}

NoticeFinding finding_line(const rules::Verdict& verdict, const rules::Finding& finding,
                           const SeriesBook& book, rules::Language language) {
  NoticeFinding line;
  line.text = printable(in_language(finding.text, language));
  line.expected = with_unit(finding.expected, finding.unit);
  line.found = with_unit(finding.found, finding.unit);
  line.series = book.describe(series_of(verdict, finding.subject));
  line.slices = ranges_of(book.numbers_of(finding.subject.instances));
  if (finding.subject.instance_count > finding.subject.instances.size() && !line.slices.empty())
    line.slices += ", …";
  line.remedy = printable(in_language(finding.remedy, language));
  return line;
}

/// A person's reason stands as it was written; the node's own is said in the site's language.
std::string closing_reason(const storage::QueryRow& query, rules::Language language) {
  if (query.closed_by != "trialgate") return printable(query.closing_reason);
  return language == rules::Language::zh ? "符合要求的检查已收到"
                                         : "a study that meets the charter has arrived";
}

storage::Result<rules::Verdict> verdict_of(const storage::ReadTransaction& transaction,
                                           storage::SubmissionRow row, std::uint32_t version) {
  row.version = version;
  return read_verdict(transaction, row);
}

}  // namespace

std::string ranges_of(std::vector<std::int64_t> numbers, std::size_t most) {
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
  std::string text;
  std::size_t ranges = 0;
  for (std::size_t first = 0; first < numbers.size(); ++ranges) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ", ";
    if (ranges == most) return text + "…";
    text += std::to_string(numbers[first]);
    if (last > first) text += "-" + std::to_string(numbers[last]);
    first = last + 1;
  }
  return text;
}

std::string printable(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return clean;
}

storage::Result<NoticeContent> notice_content(const storage::ReadTransaction& transaction,
                                              const storage::QueryRow& query, rules::Language language,
                                              storage::UtcTime now) {
  auto row = transaction.index().submission(query.submission);
  if (!row) return row.error();
  if (!*row) return storage::fail(storage::Errc::corrupt, "submission of query " + std::to_string(query.id));
  auto verdict = verdict_of(transaction, **row, query.version);
  if (!verdict) return verdict.error();
  auto file = read_submission(transaction, **row);
  if (!file) return file.error();
  const std::vector<rules::InstanceRecord>& records = (*file)->records;

  NoticeContent content;
  content.query = std::to_string(query.id);
  content.site = query.site;
  content.trial = verdict->protocol_id;
  content.charter = verdict->charter_version;
  content.subject = verdict->subject_id;
  content.time_point = verdict->time_point_id;
  if (!records.empty()) {
    content.study_date = date_of(value_of(records.front(), "StudyDate"));
    content.accession_number = value_of(records.front(), "AccessionNumber");
  }
  content.version = std::to_string(query.version);
  content.opened = minute_text(query.opened_at);
  content.due = minute_text(query.due_at);
  const std::optional<rules::Date>& last_day = verdict->visit.rescan_until;
  const bool over = last_day && *last_day < std::chrono::floor<std::chrono::days>(now);
  (over ? content.rescan_ended : content.rescan_until) = day_text(last_day);
  if (query.state == storage::QueryState::closed) content.reason = closing_reason(query, language);
  const SeriesBook book(records);
  for (const rules::Finding& finding : verdict->findings) {
    if (finding.severity < rules::RuleSeverity::query) continue;
    content.findings.push_back(finding_line(*verdict, finding, book, language));
  }
  return content;
}

}  // namespace trialgate::gateway
