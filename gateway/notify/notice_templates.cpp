#include "gateway/notify/notice_templates.h"

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace trialgate::gateway {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::string_view subject_mark = "Subject: ";
constexpr std::array kinds{storage::NoticeKind::opened, storage::NoticeKind::reminder,
                           storage::NoticeKind::closed};
constexpr std::array languages{std::pair(rules::Language::en, "en"), std::pair(rules::Language::zh, "zh")};

using ContentMember = std::pair<std::string_view, std::string NoticeContent::*>;
constexpr std::array<ContentMember, 14> content_members{
    {{"query", &NoticeContent::query},
     {"site", &NoticeContent::site},
     {"trial", &NoticeContent::trial},
     {"charter", &NoticeContent::charter},
     {"subject", &NoticeContent::subject},
     {"time_point", &NoticeContent::time_point},
     {"study_date", &NoticeContent::study_date},
     {"accession_number", &NoticeContent::accession_number},
     {"version", &NoticeContent::version},
     {"opened", &NoticeContent::opened},
     {"due", &NoticeContent::due},
     {"rescan_until", &NoticeContent::rescan_until},
     {"rescan_ended", &NoticeContent::rescan_ended},
     {"reason", &NoticeContent::reason}}};
using FindingMember = std::pair<std::string_view, std::string NoticeFinding::*>;
constexpr std::array<FindingMember, 6> finding_members{{{"text", &NoticeFinding::text},
                                                        {"expected", &NoticeFinding::expected},
                                                        {"found", &NoticeFinding::found},
                                                        {"series", &NoticeFinding::series},
                                                        {"slices", &NoticeFinding::slices},
                                                        {"remedy", &NoticeFinding::remedy}}};

constexpr std::string_view findings_section = "findings";

template <class Members>
bool names_member(const Members& members, std::string_view name) {
  return std::ranges::any_of(members, [&](const auto& member) { return member.first == name; });
}

template <class Members>
std::string listed(const Members& members) {
  std::string names;
  for (const auto& [name, member] : members) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

/// Finds the mistakes of one template. `first_line` is the number of its first line in the file.
class TemplateCheck {
 public:
  TemplateCheck(const std::filesystem::path& file, std::size_t first_line,
                std::vector<rules::ConfigError>& errors)
      : file_(file.string()), first_line_(first_line), errors_(errors) {}

  void look_at(std::string_view text) {
    const std::size_t before = errors_.size();
    for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
      const std::size_t end = text.find("}}", at);
      if (end == std::string_view::npos) return add(text, at, "a tag does not end; expected }}");
      look_at_tag(text, at, text.substr(at + 2, end - at - 2));
    }
    for (const auto& [name, at] : open_)
      add(text, at, "section '" + name + "' does not end; expected {{/" + name + "}}");
    // What the engine itself does not take, should the above have missed it.
    const mustache::mustache engine{std::string(text)};
    if (errors_.size() == before && !engine.is_valid()) add(text, 0, engine.error_message());
  }

 private:
  void look_at_tag(std::string_view text, std::size_t at, std::string_view tag) {
    const char sign = tag.empty() ? ' ' : tag.front();
    if (sign == '!') return;
    const bool section = sign == '#' || sign == '^' || sign == '/';
    const std::string name(section ? tag.substr(1) : tag);
    if (!is_known(name)) {
      return add(text, at,
                 "unknown tag '" + name + "'; expected " + listed(content_members) +
                     ", findings and, in findings, " + listed(finding_members));
    }
    if (sign == '#' || sign == '^') open_.emplace_back(name, at);
    if (sign != '/') return;
    if (open_.empty() || open_.back().first != name) {
      return add(text, at, "section '" + name + "' ends here, but did not begin");
    }
    open_.pop_back();
  }
  /// A finding's own tags mean something in their section only.
  [[nodiscard]] bool is_known(std::string_view name) const {
    if (name == findings_section || names_member(content_members, name)) return true;
    const bool in_findings =
        std::ranges::any_of(open_, [](const auto& section) { return section.first == findings_section; });
    return in_findings && names_member(finding_members, name);
  }
  void add(std::string_view text, std::size_t at, std::string message) {
    const std::string_view before = text.substr(0, at);
    const std::size_t line = first_line_ + static_cast<std::size_t>(std::ranges::count(before, '\n'));
    const std::size_t begin = before.rfind('\n');
    const std::size_t column = begin == std::string_view::npos ? at + 1 : at - begin;
    errors_.push_back({file_, line, column, std::move(message)});
  }

  std::string file_;
  std::size_t first_line_;
  std::vector<rules::ConfigError>& errors_;
  std::vector<std::pair<std::string, std::size_t>> open_;
};

std::optional<std::string> read(const std::filesystem::path& file, std::vector<rules::ConfigError>& errors) {
  std::ifstream input(file, std::ios::binary);
  if (!input) {
    errors.push_back({file.string(), 1, 1, "cannot be read; expected the wording of a notice"});
    return std::nullopt;
  }
  std::ostringstream text;
  text << input.rdbuf();
  return std::move(text).str();
}

void set(mustache::data& data, std::string_view name, const std::string& value) {
  // An empty text would open the section that is there to leave it out.
  if (!value.empty()) data.set(std::string(name), value);
}

mustache::data to_data(const NoticeContent& content) {
  mustache::data data;
  for (const auto& [name, member] : content_members) set(data, name, content.*member);
  mustache::data findings(mustache::data::type::list);
  for (const NoticeFinding& finding : content.findings) {
    mustache::data one;
    for (const auto& [name, member] : finding_members) set(one, name, finding.*member);
    findings.push_back(one);
  }
  data.set("findings", findings);
  return data;
}

std::string fill_plain(const std::string& wording, const mustache::data& data) {
  mustache::mustache engine(wording);
  engine.set_custom_escape([](const std::string& text) { return text; });
  return engine.render(data);
}

}  // namespace

std::variant<NoticeTemplates, std::vector<rules::ConfigError>> NoticeTemplates::load(
    const std::filesystem::path& folder) {
  NoticeTemplates templates;
  std::vector<rules::ConfigError> errors;
  for (const auto& [language, language_name] : languages) {
    for (const storage::NoticeKind kind : kinds) {
      const std::filesystem::path stem = folder / language_name / std::string(to_string(kind));
      const std::filesystem::path text_file = stem.string() + ".txt";
      const std::filesystem::path html_file = stem.string() + ".html";
      const auto text = read(text_file, errors);
      const auto html = read(html_file, errors);
      if (!text || !html) continue;
      const std::size_t end = text->find('\n');
      if (!text->starts_with(subject_mark) || end == std::string::npos) {
        errors.push_back({text_file.string(), 1, 1, "expected 'Subject: ...' in the first line"});
        continue;
      }
      Wording wording{text->substr(0, end).substr(subject_mark.size()), text->substr(end + 1), *html};
      TemplateCheck(text_file, 1, errors).look_at(std::string(subject_mark) + wording.subject);
      TemplateCheck(text_file, 2, errors).look_at(wording.text);
      TemplateCheck(html_file, 1, errors).look_at(wording.html);
      templates.wordings_.emplace(std::pair(kind, language), std::move(wording));
    }
  }
  if (!errors.empty()) return errors;
  return templates;
}

NoticeText NoticeTemplates::render(storage::NoticeKind kind, rules::Language language,
                                   const NoticeContent& content) const {
  const Wording& wording = wordings_.at({kind, language});
  const mustache::data data = to_data(content);
  mustache::mustache html(wording.html);
  return {fill_plain(wording.subject, data), fill_plain(wording.text, data), html.render(data)};
}

}  // namespace trialgate::gateway
