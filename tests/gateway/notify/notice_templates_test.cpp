#include "gateway/notify/notice_templates.h"

#include "tests/gateway/worker/synthetic_instance.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <variant>

using namespace trialgate;
using namespace trialgate::gateway;
using trialgate::gateway::test::TemporaryFolder;

namespace {

const std::filesystem::path wordings = std::filesystem::path(TRIALGATE_SOURCE_DIR) / "etc" / "messages";

/// The first mistake of the project's wordings after one file got other contents: "en/opened.txt:1:1: ...".
std::string mistake_with(const std::string& file, const std::string& contents) {
  const TemporaryFolder folder;
  std::filesystem::copy(wordings, folder.path(), std::filesystem::copy_options::recursive);
  std::filesystem::remove(folder.path() / file);
  (void)folder.write(file, contents);
  const auto loaded = NoticeTemplates::load(folder.path());
  const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded);
  if (errors == nullptr) return "none";
  const std::string text = errors->front().to_string();
  return text.substr(text.find(file));
}

NoticeContent full_content() {
  NoticeContent content;
  content.query = "17";
  content.site = "SITE01";
  content.trial = "ONC-301";
  content.charter = "2.1";
  content.subject = "ONC301-001";
  content.time_point = "W06";
  content.study_date = "2026-03-02";
  content.accession_number = "A<1>";
  content.version = "2";
  content.opened = "2026-03-02 08:15";
  content.due = "2026-03-07 08:15";
  content.rescan_until = "2026-03-09";
  content.findings = {{"thick & wide", "at most 5 mm", "7.5 mm", "3 (CT, 10:31)", "1-24", "scan again"}};
  return content;
}

}  // namespace

TEST_CASE("the wordings that come with the node fill in every value, in both languages and for every kind") {
  const auto loaded = NoticeTemplates::load(wordings);
  REQUIRE(std::holds_alternative<NoticeTemplates>(loaded));
  const auto& templates = std::get<NoticeTemplates>(loaded);
  for (const auto language : {rules::Language::en, rules::Language::zh}) {
    for (const auto kind :
         {storage::NoticeKind::opened, storage::NoticeKind::reminder, storage::NoticeKind::closed}) {
      NoticeContent content = full_content();
      content.reason = "done";
      const NoticeText text = templates.render(kind, language, content);
      for (const std::string& part : {text.subject, text.text, text.html}) {
        CHECK(part.find("{{") == std::string::npos);
        CHECK(part.find("17") != std::string::npos);
      }
      CHECK(text.text.find("A<1>") != std::string::npos);
      CHECK(text.html.find("A&lt;1&gt;") != std::string::npos);
      if (kind == storage::NoticeKind::closed) continue;
      CHECK(text.text.find("thick & wide") != std::string::npos);
      CHECK(text.html.find("thick &amp; wide") != std::string::npos);
      CHECK(text.text.find("2026-03-09") != std::string::npos);
    }
  }
}

TEST_CASE("what is not known is left out with its line") {
  const auto loaded = NoticeTemplates::load(wordings);
  NoticeContent content = full_content();
  content.rescan_until.clear();
  content.findings.front().slices.clear();
  const NoticeText text =
      std::get<NoticeTemplates>(loaded).render(storage::NoticeKind::opened, rules::Language::en, content);
  CHECK(text.text.find("re-scan counts") == std::string::npos);
  CHECK(text.text.find("instance numbers") == std::string::npos);
}

TEST_CASE("a re-scan that would come too late is not asked for") {
  const auto loaded = NoticeTemplates::load(wordings);
  NoticeContent content = full_content();
  content.rescan_ended = std::exchange(content.rescan_until, {});
  for (const auto kind : {storage::NoticeKind::opened, storage::NoticeKind::reminder}) {
    const NoticeText text = std::get<NoticeTemplates>(loaded).render(kind, rules::Language::en, content);
    for (const std::string& part : {text.text, text.html}) {
      CHECK(part.find("The last day on which a re-scan counted was") != std::string::npos);
      CHECK(part.find("A re-scan counts until") == std::string::npos);
      CHECK(part.find("2026-03-09") != std::string::npos);
    }
  }
}

TEST_CASE("a mistake in a wording is found with its file, line and column") {
  CHECK(mistake_with("en/opened.txt", "Dear all").starts_with("en/opened.txt:1:1: expected 'Subject: ...'"));
  CHECK(mistake_with("en/opened.txt", "Subject: x\nDear all,\n  {{sight}}\n")
            .starts_with("en/opened.txt:3:3: unknown tag 'sight'"));
  CHECK(
      mistake_with("en/opened.txt", "Subject: {{patient}}\n").starts_with("en/opened.txt:1:10: unknown tag"));
  CHECK(mistake_with("zh/closed.html", "<p>\n{{#subject}}</p>")
            .starts_with("zh/closed.html:2:1: section 'subject' does not end"));
  CHECK(mistake_with("zh/closed.html", "{{/subject}}")
            .starts_with("zh/closed.html:1:1: section 'subject' ends here"));
  CHECK(mistake_with("zh/closed.html", "{{#findings}}{{remedy}}{{/findings}}\n {{remedy}}")
            .starts_with("zh/closed.html:2:2: unknown tag 'remedy'"));
  CHECK(mistake_with("zh/closed.html", "a {{query").starts_with("zh/closed.html:1:3: a tag does not end"));
  CHECK(mistake_with("zh/closed.html", "<p>{{query}}</p>") == "none");
}

TEST_CASE("a wording that is missing is named") {
  const TemporaryFolder folder;
  const auto loaded = NoticeTemplates::load(folder.path());
  REQUIRE(std::holds_alternative<std::vector<rules::ConfigError>>(loaded));
  CHECK(std::get<std::vector<rules::ConfigError>>(loaded).size() == 12);
}
