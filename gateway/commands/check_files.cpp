#include "gateway/commands/check_files.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/judged_study.h"
#include "gateway/commands/load_trial_file.h"
#include "gateway/commands/study_files.h"
#include "gateway/commands/verdict_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ostream>
#include <string_view>
#include <utility>

namespace trialgate::gateway {
namespace {

boost::json::array to_json(const std::vector<FileProblem>& problems) {
  boost::json::array array;
  for (const FileProblem& problem : problems) {
    array.push_back({{"file", problem.file.string()}, {"reason", problem.reason}});
  }
  return array;
}

void print_problems(std::ostream& out, std::string_view title, const std::vector<FileProblem>& problems) {
  for (const FileProblem& problem : problems) {
    out << title << ' ' << problem.file.string() << ": " << problem.reason << '\n';
  }
}

/// The verdict; what each rule looked at only on request, it is the larger part.
boost::json::value to_json(const rules::Verdict& verdict, bool explain) {
  boost::json::value json = rules::to_json(verdict);
  if (!explain) json.as_object().erase("rules");
  return json;
}

void print_json(std::ostream& out, const CheckOptions& options, const rules::Trial& trial,
                const std::vector<JudgedStudy>& judged, const FoundFiles& found,
                const ExaminedFiles& examined) {
  boost::json::array studies;
  for (const JudgedStudy& study : judged) {
    studies.push_back(to_json(study.verdict, options.explain));
  }
  out << boost::json::serialize(boost::json::object{{"protocol_id", trial.protocol_id},
                                                    {"charter_version", trial.charter.version},
                                                    {"studies", std::move(studies)},
                                                    {"unreadable", to_json(examined.unreadable)},
                                                    {"failed", to_json(examined.failed)},
                                                    {"not_taken", to_json(found.problems)},
                                                    {"duplicate_files", examined.duplicates},
                                                    {"ignored_files", found.ignored}})
      << '\n';
}

void print_text(std::ostream& out, const CheckOptions& options, const std::vector<JudgedStudy>& judged,
                const FoundFiles& found, const ExaminedFiles& examined) {
  for (const JudgedStudy& study : judged) {
    print_verdict(out, study.verdict, {options.language, options.explain});
    out << '\n';
  }
  print_problems(out, "unreadable", examined.unreadable);
  print_problems(out, "not judged", examined.failed);
  print_problems(out, "not taken", found.problems);
  if (examined.duplicates > 0) out << examined.duplicates << " files were copies of others\n";
  if (found.ignored > 0) out << found.ignored << " other files were ignored\n";
}

}  // namespace

int check_command(const CheckOptions& options, std::ostream& out, std::ostream& err) {
  const auto trial = load_trial_file(options.trial, err);
  if (!trial) return exit_could_not;
  if (!options.site.empty() && !trial->subjects.has_site(options.site)) {
    err << "site " << options.site << " is not in the subject register of the trial\n";
    return exit_could_not;
  }
  const FoundFiles found = find_part10_files(options.paths);
  ExaminedFiles examined;
  if (!found.files.empty()) {
    Progress progress(err, options.progress);
    InstanceWorkers workers(options.workers);
    examined = examine_files(workers, found.files, trial->attribute_paths, progress);
  }
  const std::vector<JudgedStudy> judged = judge_studies(*trial, examined.studies, options.site);
  if (options.json) {
    print_json(out, options, *trial, judged, found, examined);
  } else {
    print_text(out, options, judged, found, examined);
  }
  if (judged.empty()) err << "no study to judge\n";
  const bool all_judged =
      !judged.empty() && examined.unreadable.empty() && examined.failed.empty() && found.problems.empty();
  if (!all_judged) return exit_could_not;
  const bool all_released = std::all_of(judged.begin(), judged.end(), [](const JudgedStudy& study) {
    return study.verdict.outcome == rules::Outcome::release;
  });
  return all_released ? exit_ok : exit_findings;
}

}  // namespace trialgate::gateway
