#include "gateway/commands/audit.h"
#include "gateway/commands/check_config.h"
#include "gateway/commands/check_files.h"
#include "gateway/commands/deidentify_files.h"
#include "gateway/commands/exit_status.h"
#include "gateway/commands/hash_passcode.h"
#include "gateway/commands/open_store.h"
#include "gateway/commands/query.h"
#include "gateway/commands/replay.h"
#include "gateway/commands/reports.h"
#include "gateway/commands/studies.h"
#include "gateway/commands/subjects.h"
#include "gateway/commands/verify_store.h"
#include "gateway/serve/node.h"
#include "gateway/version.h"
#include "gateway/worker/job_table.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace trialgate::gateway;
using trialgate::rules::Language;
using trialgate::storage::SubmissionState;

/// What the chosen sub-command does once the command line is read.
using Action = std::function<int()>;

const std::map<std::string, Language>& languages() {
  static const std::map<std::string, Language> names{{"en", Language::en}, {"zh", Language::zh}};
  return names;
}

const std::map<std::string, SubmissionState>& states() {
  using enum SubmissionState;
  static const std::map<std::string, SubmissionState> names = [] {
    std::map<std::string, SubmissionState> all;
    for (const auto state : {receiving, examined, quarantined, released, deidentified, delivering, delivered,
                             confirmed, withdrawn}) {
      all.emplace(to_string(state), state);
    }
    return all;
  }();
  return names;
}

void add_store(CLI::App& command, StoreChoice& choice) {
  auto* config = command.add_option("--config", choice.config, "The node's YAML file, which names the store");
  command.add_option("--store", choice.store, "Folder of the store, instead of --config")->excludes(config);
}

/// Runs `use` with the store's folder, or says why there is none.
int with_store_folder(const StoreChoice& choice,
                      const std::function<int(const std::filesystem::path&)>& use) {
  auto folder = store_folder(choice);
  if (folder) return use(*folder);
  std::cerr << "trialgate: " << folder.error().message() << '\n';
  return exit_could_not;
}

void add_serve(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("serve", "Run the node until SIGTERM or SIGINT");
  auto options = std::make_shared<ServeOptions>();
  command->add_option("--config", options->config, "The node's YAML file")->required();
  command->add_option("--port-file", options->port_file,
                      "Write the ports here, one a line, once the node listens");
  command->callback([&action, options] { action = [options] { return serve(*options); }; });
}

void add_check_config(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("check-config", "Find every mistake in trial files and node files");
  auto options = std::make_shared<CheckConfigOptions>();
  command->add_option("FILE", options->files, "Trial files and node files")->required();
  command->add_flag("--json", options->json, "Answer as JSON");
  command->callback([&action, options] {
    action = [options] { return check_config_command(*options, std::cout, std::cerr); };
  });
}

void add_check(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("check", "Judge files by a trial's rules; nothing is written");
  auto options = std::make_shared<CheckOptions>();
  command->add_option("--trial", options->trial, "Trial file")->required();
  command->add_option("--site", options->site, "Site the files are from (default: looked up by patient)");
  command->add_option("--language", options->language, "en or zh")
      ->transform(CLI::CheckedTransformer(languages()));
  command->add_flag("--explain", options->explain, "Also say what was looked at");
  command->add_flag("--json", options->json, "Answer as JSON");
  auto* paths = command->add_option("PATH", options->paths, "DICOM files and folders");
  auto replay = std::make_shared<ReplayOptions>();
  auto of_store = std::make_shared<bool>(false);
  auto* stored = command->add_flag("--stored", *of_store,
                                   "Instead of files: what a node has stored, against the verdicts it gave");
  auto* submissions =
      command->add_option("--submission", replay->submissions, "Only these submissions")->needs(stored);
  command->add_option("--config", replay->store.config, "The node's YAML file")->needs(stored);
  command->add_option("--store", replay->store.store, "The folder of the store")->needs(stored);
  paths->excludes(stored);
  submissions->excludes(paths);
  command->callback([&action, options, replay, of_store] {
    if (!*of_store && options->paths.empty()) throw CLI::RequiredError("PATH or --stored");
    action = [options, replay, of_store] {
      options->progress = ::isatty(STDERR_FILENO) != 0;
      if (!*of_store) return check_command(*options, std::cout, std::cerr);
      replay->trial = options->trial;
      replay->json = options->json;
      replay->progress = options->progress;
      return replay_command(*replay, std::cout, std::cerr);
    };
  });
}

void add_deidentify(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("deidentify", "De-identify files as the node would");
  auto options = std::make_shared<DeidentifyOptions>();
  auto paths = std::make_shared<std::vector<std::filesystem::path>>();
  command->add_option("--trial", options->trial, "Trial file")->required();
  command->add_option("--key-file", options->key_file, "The key of pseudonyms, UIDs and date shifts")
      ->required();
  command->add_option("--site", options->site, "Site the files are from (default: looked up by patient)");
  command->add_option("--subject", options->subject, "Only instances of this subject");
  command->add_flag("--json", options->json, "Answer as JSON");
  command->add_option("PATH", *paths, "DICOM files and folders, and last the folder for the results")
      ->required()
      ->expected(2, 1 << 20);
  command->callback([&action, options, paths] {
    action = [options, paths] {
      options->output = paths->back();
      options->paths.assign(paths->begin(), paths->end() - 1);
      options->progress = ::isatty(STDERR_FILENO) != 0;
      return deidentify_command(*options, std::cout, std::cerr);
    };
  });
}

void add_decision(CLI::App& studies, Action& action, const char* name, const char* what, Decision decision) {
  auto* command = studies.add_subcommand(name, what);
  auto options = std::make_shared<DecideOptions>();
  options->decision = decision;
  add_store(*command, options->store);
  command->add_option("ID", options->submission, "Number of the submission")->required();
  command->add_option("--reason", options->reason, "Why; goes into the audit trail")->required();
  command->add_option("--name", options->name, "Who you are; goes into the audit trail")->required();
  command->add_flag("--json", options->json, "Answer as JSON");
  command->callback(
      [&action, options] { action = [options] { return decide_command(*options, std::cout, std::cerr); }; });
}

void add_classify(CLI::App& studies, Action& action) {
  auto* command =
      studies.add_subcommand("classify", "Say which visit a study is, or what an unscheduled one is for");
  auto options = std::make_shared<ClassifyOptions>();
  add_store(*command, options->store);
  command->add_option("ID", options->submission, "Number of the submission")->required();
  command->add_option("--as", options->what, "A visit, or a class of unscheduled studies")->required();
  command->add_option("--reason", options->reason, "Why; goes into the audit trail")->required();
  command->add_option("--name", options->name, "Who you are; goes into the audit trail")->required();
  command->callback([&action, options] {
    action = [options] { return classify_command(*options, std::cout, std::cerr); };
  });
}

void add_studies(CLI::App& app, Action& action) {
  auto* studies = app.add_subcommand("studies", "See submissions and decide about them");
  studies->require_subcommand(1);
  auto* list = studies->add_subcommand("list", "A line for each submission");
  auto options = std::make_shared<StudiesOptions>();
  add_store(*list, options->store);
  list->add_option("--state", options->state, "Only those in this state")
      ->transform(CLI::CheckedTransformer(states()));
  list->add_flag("--json", options->json, "Answer as JSON");
  list->callback([&action, options] {
    action = [options] { return studies_list_command(*options, std::cout, std::cerr); };
  });
  auto* show =
      studies->add_subcommand("show", "Verdict, instances, deliveries and history of one submission");
  auto shown = std::make_shared<StudiesOptions>();
  auto id = std::make_shared<std::uint64_t>(0);
  add_store(*show, shown->store);
  show->add_option("ID", *id, "Number of the submission")->required();
  show->add_option("--language", shown->language, "en or zh")
      ->transform(CLI::CheckedTransformer(languages()));
  show->add_flag("--json", shown->json, "Answer as JSON");
  show->callback([&action, shown, id] {
    action = [shown, id] { return studies_show_command(*shown, *id, std::cout, std::cerr); };
  });
  add_decision(*studies, action, "release", "Release a quarantined study although a check failed",
               Decision::release);
  add_decision(*studies, action, "reject", "Keep a quarantined study in quarantine for good",
               Decision::reject);
  add_decision(*studies, action, "reopen", "Judge a study again, as a new version", Decision::reopen);
  add_classify(*studies, action);
}

void add_signature(CLI::App& command, Signature& signature) {
  command.add_option("--reason", signature.reason, "Why; goes into the audit trail")->required();
  command.add_option("--name", signature.name, "Who you are; goes into the audit trail")->required();
}

void add_add_subject(CLI::App& subjects, Action& action) {
  auto* add = subjects.add_subcommand("add", "Add a patient to a trial's register");
  auto options = std::make_shared<AddSubjectOptions>();
  add_store(*add, options->store);
  add->add_option("SUBJECT", options->subject, "Subject ID of the trial")->required();
  add->add_option("--trial", options->trial, "Trial file")->required();
  add->add_option("--site", options->site, "Site")->required();
  add->add_option("--patient-id", options->patient_id, "Patient ID in the site's PACS")->required();
  add->add_option("--issuer", options->issuer, "Issuer of the patient ID");
  add->add_option("--date", options->dates, "Reference date, e.g. --date first_dose 2026-03-02");
  add_signature(*add, options->signature);
  add->callback([&action, options] {
    action = [options] { return subjects_add_command(*options, std::cout, std::cerr); };
  });
}

void add_subjects(CLI::App& app, Action& action) {
  auto* subjects = app.add_subcommand("subjects", "Who takes part, and what was decided about them");
  subjects->require_subcommand(1);
  add_add_subject(*subjects, action);
  const auto add = [&](const char* name, const char* what, bool of_time_point, bool is_signed,
                       int (*run)(const SubjectOptions&, std::ostream&, std::ostream&)) {
    auto* command = subjects->add_subcommand(name, what);
    auto options = std::make_shared<SubjectOptions>();
    add_store(*command, options->store);
    command->add_option("SUBJECT", options->subject, "Subject ID of the trial")->required();
    if (of_time_point) command->add_option("TIME_POINT", options->time_point, "e.g. BL")->required();
    command->add_option("--trial", options->trial, "Protocol ID of the trial")->required();
    if (is_signed) add_signature(*command, options->signature);
    command->callback(
        [&action, options, run] { action = [options, run] { return run(*options, std::cout, std::cerr); }; });
  };
  add("show", "What was decided about a subject", false, false, subjects_show_command);
  add("withdraw", "Consent withdrawn: nothing further leaves the node", false, true,
      subjects_withdraw_command);
  add("lock", "Hold what arrives later for a time point", true, true, subjects_lock_command);
  add("unlock", "Let a locked time point go on", true, true, subjects_unlock_command);
}

void add_sites(CLI::App& app, Action& action) {
  auto* sites = app.add_subcommand("sites", "Which sites may take part");
  sites->require_subcommand(1);
  auto* qualify = sites->add_subcommand("qualify", "A site passed with a test submission");
  auto options = std::make_shared<QualifySiteOptions>();
  add_store(*qualify, options->store);
  qualify->add_option("SITE", options->site, "Site")->required();
  qualify->add_option("--trial", options->trial, "Protocol ID of the trial")->required();
  qualify->add_option("--submission", options->submission, "Number of the accepted test submission")
      ->required();
  add_signature(*qualify, options->signature);
  qualify->callback([&action, options] {
    action = [options] { return sites_qualify_command(*options, std::cout, std::cerr); };
  });
}

void add_send(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("send", "Queue a study's deliveries again");
  auto options = std::make_shared<SendOptions>();
  add_store(*command, options->store);
  command->add_option("ID", options->submission, "Number of the submission")->required();
  command->add_option("--to", options->destination,
                      "All instances to this destination (default: what failed)");
  command->add_option("--reason", options->reason, "Why; goes into the audit trail")->required();
  command->add_option("--name", options->name, "Who you are; goes into the audit trail")->required();
  command->callback(
      [&action, options] { action = [options] { return send_command(*options, std::cout, std::cerr); }; });
}

void add_query(CLI::App& app, Action& action) {
  auto* query = app.add_subcommand("query", "What sites have to answer");
  query->require_subcommand(1);
  auto* list = query->add_subcommand("list", "A line for each query that is not settled");
  auto options = std::make_shared<QueryOptions>();
  add_store(*list, options->store);
  list->add_flag("--all", options->all, "Closed ones too");
  list->add_flag("--json", options->json, "Answer as JSON");
  list->callback([&action, options] {
    action = [options] { return query_list_command(*options, std::cout, std::cerr); };
  });
  auto* show = query->add_subcommand("show", "What the site's technician has to know and to do");
  auto shown = std::make_shared<QueryOptions>();
  auto id = std::make_shared<std::uint64_t>(0);
  add_store(*show, shown->store);
  show->add_option("ID", *id, "Number of the query")->required();
  show->add_option("--language", shown->language, "en or zh")
      ->transform(CLI::CheckedTransformer(languages()));
  show->add_flag("--json", shown->json, "Answer as JSON");
  show->callback([&action, shown, id] {
    action = [shown, id] { return query_show_command(*shown, *id, std::cout, std::cerr); };
  });
  const auto settle = [&](const char* name, const char* what, const char* text, const char* text_help,
                          int (*run)(const SettleQueryOptions&, std::ostream&, std::ostream&)) {
    auto* command = query->add_subcommand(name, what);
    auto settled = std::make_shared<SettleQueryOptions>();
    add_store(*command, settled->store);
    command->add_option("ID", settled->query, "Number of the query")->required();
    command->add_option(text, settled->text, text_help)->required();
    command->add_option("--name", settled->name, "Who you are; goes into the audit trail")->required();
    command->add_flag("--json", settled->json, "Answer as JSON");
    command->callback(
        [&action, settled, run] { action = [settled, run] { return run(*settled, std::cout, std::cerr); }; });
  };
  settle("answer", "Record what the site answered", "--text", "The site's words", query_answer_command);
  settle("close", "Close a query on your word", "--reason", "Why; the site is told", query_close_command);
}

void add_report(CLI::App& app, Action& action) {
  auto* report = app.add_subcommand("report", "Lists for the trial's file");
  report->require_subcommand(1);
  const auto add = [&](const char* name, const char* what,
                       int (*run)(const ReportOptions&, std::ostream&, std::ostream&)) {
    auto* command = report->add_subcommand(name, what);
    auto options = std::make_shared<ReportOptions>();
    add_store(*command, options->store);
    command->add_flag("--json", options->json, "Answer as JSON");
    command->callback(
        [&action, options, run] { action = [options, run] { return run(*options, std::cout, std::cerr); }; });
  };
  add("transfers", "What was received, de-identified and delivered, study by study",
      report_transfers_command);
  add("deviations", "What was released although a check did not pass", report_deviations_command);
}

void add_audit(CLI::App& app, Action& action) {
  auto* audit = app.add_subcommand("audit", "Verify or export the audit trail");
  audit->require_subcommand(1);
  auto* verify = audit->add_subcommand("verify", "Follow the hash chain from the first record");
  auto choice = std::make_shared<StoreChoice>();
  auto options = std::make_shared<AuditVerifyOptions>();
  add_store(*verify, *choice);
  verify->add_option("--file", options->export_file, "An exported trail, instead of the store");
  verify->add_option("--head", options->expected_head,
                     "seq:hash that was kept elsewhere and must be in the trail");
  verify->add_flag("--json", options->json, "Answer as JSON");
  verify->callback([&action, choice, options] {
    action = [choice, options] {
      if (!options->export_file.empty()) return audit_verify_command(*options, std::cout, std::cerr);
      return with_store_folder(*choice, [&](const std::filesystem::path& folder) {
        options->store = folder;
        return audit_verify_command(*options, std::cout, std::cerr);
      });
    };
  });
  auto* exported = audit->add_subcommand("export", "Write the trail as JSON lines");
  auto from = std::make_shared<StoreChoice>();
  add_store(*exported, *from);
  exported->callback([&action, from] {
    action = [from] {
      return with_store_folder(*from, [](const std::filesystem::path& folder) {
        return audit_export_command({folder}, std::cout, std::cerr);
      });
    };
  });
}

void add_verify_store(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("verify-store", "Read every stored byte again and compare it with its digest");
  auto choice = std::make_shared<StoreChoice>();
  auto options = std::make_shared<VerifyStoreOptions>();
  add_store(*command, *choice);
  command->add_flag("--json", options->json, "Answer as JSON");
  command->callback([&action, choice, options] {
    action = [choice, options] {
      return with_store_folder(*choice, [&](const std::filesystem::path& folder) {
        options->store = folder;
        options->progress = ::isatty(STDERR_FILENO) != 0;
        return verify_store_command(*options, std::cout, std::cerr);
      });
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"DICOM node for clinical-trial imaging", "trialgate"};
  app.set_version_flag("--version", "trialgate " + std::string(program_version()));
  app.require_subcommand(1);
  Action action;
  add_serve(app, action);
  add_check_config(app, action);
  add_check(app, action);
  add_deidentify(app, action);
  add_studies(app, action);
  add_subjects(app, action);
  add_sites(app, action);
  add_send(app, action);
  add_query(app, action);
  add_report(app, action);
  add_audit(app, action);
  add_verify_store(app, action);
  app.add_subcommand("hash-passcode", "Make the salted hash of a user's passcode for the node file")
      ->callback(
          [&action] { action = [] { return hash_passcode_command(std::cin, std::cout, std::cerr); }; });
  app.add_subcommand("worker", "Internal: a process that reads data sets for the node")
      ->group("")
      ->callback([&action] { action = [] { return run_worker(instance_job_table()); }; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
      std::cerr << "trialgate: there is no command '" << argv[1] << "'; trialgate --help lists them\n";
      return exit_could_not;
    }
    const int code = app.exit(error);
    return code == 0 ? exit_ok : exit_could_not;
  }
  try {
    return action();
  } catch (const std::exception& exception) {
    // A bug, or no memory: one sentence all the same.
    std::cerr << "trialgate: internal error: " << exception.what() << '\n';
    return exit_could_not;
  }
}
