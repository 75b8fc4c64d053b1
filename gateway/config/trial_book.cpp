#include "gateway/config/trial_book.h"

#include "rules/trial/load.h"

#include <algorithm>
#include <system_error>

namespace trialgate::gateway {
namespace {

std::string signature_of(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> files{file};
  std::error_code error;
  for (std::filesystem::directory_iterator at(file.parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".csv") files.push_back(at->path());
  }
  std::ranges::sort(files);
  std::string signature;
  for (const auto& path : files) {
    const auto size = std::filesystem::file_size(path, error);
    const auto time = std::filesystem::last_write_time(path, error).time_since_epoch().count();
    signature += path.string() + ' ' + std::to_string(size) + ' ' + std::to_string(time) + '\n';
  }
  return signature;
}

void take_in(TrialSet& set, TrialInForce fresh) {
  const auto same =
      std::ranges::find(set, fresh.entry.file, [](const TrialInForce& t) { return t.entry.file; });
  if (same == set.end()) {
    set.push_back(std::move(fresh));
  } else {
    *same = std::move(fresh);
  }
}

/// A patient whom both registers hold is of one trial only when every study tells by its called AE title
/// which trial it is for.
void find_shared_patients(const TrialEntry& entry, const rules::Trial& trial, const TrialInForce& other,
                          std::vector<rules::ConfigError>& errors) {
  const std::string& ae_title = entry.called_ae_title;
  const bool told_apart =
      !ae_title.empty() && !other.entry.called_ae_title.empty() && ae_title != other.entry.called_ae_title;
  if (told_apart) return;
  for (const rules::Subject& subject : trial.subjects.subjects()) {
    const auto* const same = other.trial->subjects.find(subject.site, subject.issuer, subject.patient_id);
    if (same == nullptr) continue;
    errors.push_back({trial.subjects.file(), subject.position.line, subject.position.column,
                      "the same patient is in " + other.trial->subjects.file() + ", line " +
                          std::to_string(same->position.line) + ", column " +
                          std::to_string(same->position.column) + ", too, the register of " +
                          other.trial->protocol_id +
                          "; expected a called AE title of its own for each of the two trials"});
  }
}

}  // namespace

std::variant<TrialInForce, std::vector<rules::ConfigError>> TrialBook::read(const TrialEntry& entry,
                                                                            const TrialSet& others) const {
  auto loaded = rules::load_trial(entry.file);
  if (auto* bad = std::get_if<std::vector<rules::ConfigError>>(&loaded)) return std::move(*bad);
  auto trial = std::make_shared<const rules::Trial>(std::move(std::get<rules::Trial>(loaded)));
  std::vector<rules::ConfigError> errors;
  for (const TrialInForce& other : others) {
    if (other.entry.file != entry.file && other.trial->protocol_id == trial->protocol_id) {
      errors.push_back({entry.file.string(), 0, 0,
                        "protocol_id '" + trial->protocol_id + "' is that of " + other.entry.file.string() +
                            "; expected one file for a trial"});
    } else if (other.entry.file != entry.file) {
      find_shared_patients(entry, *trial, other, errors);
    }
  }
  for (const rules::DeliveryRule& rule : trial->deliver) {
    if (destinations_.contains(rule.to)) continue;
    errors.push_back(
        {entry.file.string(), rule.position.line, rule.position.column,
         "'" + rule.to + "' is no destination of the node; expected one of those in the node file"});
  }
  if (!errors.empty()) return errors;
  return TrialInForce{entry, std::move(trial)};
}

std::variant<std::unique_ptr<TrialBook>, std::vector<rules::ConfigError>> TrialBook::load(
    const NodeConfig& node) {
  std::set<std::string, std::less<>> destinations;
  for (const Destination& destination : node.destinations) destinations.insert(destination.name);
  std::unique_ptr<TrialBook> book(new TrialBook(std::move(destinations)));
  auto set = std::make_shared<TrialSet>();
  std::vector<rules::ConfigError> errors;
  for (const TrialEntry& entry : node.trials) {
    std::string signature = signature_of(entry.file);
    auto fresh = book->read(entry, *set);
    if (auto* bad = std::get_if<std::vector<rules::ConfigError>>(&fresh)) {
      errors.insert(errors.end(), bad->begin(), bad->end());
      continue;
    }
    take_in(*set, std::move(std::get<TrialInForce>(fresh)));
    book->watched_.push_back({entry, std::move(signature)});
  }
  if (!errors.empty()) return errors;
  book->current_ = std::move(set);
  return book;
}

std::shared_ptr<const TrialSet> TrialBook::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::vector<TrialReload> TrialBook::poll() {
  std::vector<TrialReload> reloads;
  for (Watched& watched : watched_) {
    std::string signature = signature_of(watched.entry.file);
    if (signature == watched.signature) continue;
    watched.signature = std::move(signature);
    const auto before = current();
    auto fresh = read(watched.entry, *before);
    if (auto* bad = std::get_if<std::vector<rules::ConfigError>>(&fresh)) {
      reloads.push_back({watched.entry.file, nullptr, std::move(*bad)});
      continue;
    }
    const auto trial = std::get<TrialInForce>(fresh).trial;
    const auto old =
        std::ranges::find(*before, watched.entry.file, [](const TrialInForce& t) { return t.entry.file; });
    if (old != before->end() && old->trial->rules_sha256 == trial->rules_sha256 &&
        old->trial->register_sha256 == trial->register_sha256) {
      continue;
    }
    auto set = std::make_shared<TrialSet>(*before);
    take_in(*set, std::move(std::get<TrialInForce>(fresh)));
    {
      const std::lock_guard lock(mutex_);
      current_ = std::move(set);
    }
    reloads.push_back({watched.entry.file, trial, {}});
  }
  return reloads;
}

std::shared_ptr<const rules::Trial> trial_named(const TrialSet& trials, std::string_view protocol_id) {
  const auto found = std::ranges::find(
      trials, protocol_id, [](const TrialInForce& t) -> std::string_view { return t.trial->protocol_id; });
  return found == trials.end() ? nullptr : found->trial;
}

std::shared_ptr<const rules::Trial> trial_of(const TrialSet& trials, std::string_view called_ae_title,
                                             std::string_view site, std::string_view issuer,
                                             std::string_view patient_id) {
  std::shared_ptr<const rules::Trial> knows_patient;
  bool several = false;
  for (const TrialInForce& candidate : trials) {
    if (!candidate.entry.called_ae_title.empty() && candidate.entry.called_ae_title == called_ae_title) {
      return candidate.trial;
    }
    if (candidate.trial->subjects.find(site, issuer, patient_id) != nullptr) {
      several = knows_patient != nullptr;
      knows_patient = candidate.trial;
    }
  }
  if (several) return nullptr;
  if (knows_patient) return knows_patient;
  return trials.size() == 1 ? trials.front().trial : nullptr;
}

}  // namespace trialgate::gateway
