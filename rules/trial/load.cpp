#include "rules/trial/load.h"

#include "rules/trial/read_check.h"
#include "rules/trial/read_delivery.h"
#include "rules/trial/read_schedule.h"
#include "rules/trial/read_series.h"
#include "rules/trial/scanner_register.h"
#include "rules/trial/sha256.h"
#include "rules/trial/vocabulary.h"
#include "rules/trial/yaml_reader.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 2> languages{"en", "zh"};
constexpr std::size_t max_file_bytes = 64U << 20U;

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::error_code ignored;
  if (!stream || std::filesystem::is_directory(path, ignored)) {
    return fail(Errc::invalid_configuration, "cannot be read; expected a readable file");
  }
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (text.size() > max_file_bytes) return fail(Errc::invalid_configuration, "is larger than 64 MiB");
  return text;
}

std::optional<Language> read_language(const YAML::Node& node, YamlErrors& errors) {
  const auto place = read_word(node, "language", languages, errors);
  if (!place) return std::nullopt;
  return static_cast<Language>(*place);
}

/// Reads the sections of a trial file in the order in which they depend on each other.
class TrialReader {
 public:
  TrialReader(std::string_view file, const RegisterReader& read_register)
      : read_register_(read_register), errors_(file) {}

  LoadedTrial read(const YAML::Node& root, std::string_view text) {
    if (!root.IsMap()) {
      errors_.add(root,
                  "the file is no map; expected the sections trial, subjects, time_points, series, ...");
      return std::move(errors_).sorted();
    }
    YamlMap map(root, "the file", errors_);
    if (const auto node = map.need("trial")) read_identity(*node);
    if (const auto node = map.need("subjects")) read_subjects(*node);
    if (const auto node = map.need("time_points")) {
      trial_.time_points = read_time_points_section(*node, errors_);
      check_references(*node);
    }
    if (const auto node = map.take("adverse_events")) {
      trial_.adverse_events = read_adverse_events_section(*node, errors_);
    }
    TrialReading reading{errors_, trial_.time_points, {}};
    if (const auto node = map.need("series")) trial_.series = read_series_section(*node, reading);
    if (const auto node = map.take("study")) trial_.study = read_study_section(*node, reading);
    if (const auto node = map.take("scanners")) read_scanners(*node);
    if (const auto node = map.need("deidentify")) {
      trial_.deidentify = read_deidentify_section(*node, read_register_, errors_);
    }
    if (const auto node = map.take("deliver"))
      trial_.deliver = read_deliver_section(*node, trial_.series, reading);
    if (const auto node = map.take("readers")) trial_.readers = read_readers_section(*node, errors_);
    if (const auto node = map.take("completeness")) read_completeness(*node);
    if (const auto node = map.take("messages")) read_messages(*node);
    map.finish();
    if (!errors_.empty()) return std::move(errors_).sorted();
    trial_.attribute_paths.assign(reading.attribute_paths.begin(), reading.attribute_paths.end());
    std::string rules(text);
    // Masks may come from a file of their own, as scanners do.
    rules += trial_.scanners.register_sha256;
    if (!trial_.deidentify.masks.empty()) rules += boost::json::serialize(to_json(trial_.deidentify.masks));
    trial_.rules_sha256 = sha256_hex(rules);
    return std::move(trial_);
  }

 private:
  void read_identity(const YAML::Node& node) {
    YamlMap map(node, "trial", errors_);
    if (const auto value = map.need("protocol_id")) {
      trial_.protocol_id = read_id(*value, "protocol_id", errors_).value_or("");
    }
    if (const auto value = map.take("name")) trial_.name = read_text(*value, "name", errors_).value_or("");
    if (const auto value = map.need("sponsor"))
      trial_.sponsor = read_text(*value, "sponsor", errors_).value_or("");
    if (const auto value = map.need("charter")) {
      YamlMap charter(*value, "charter", errors_);
      if (const auto version = charter.need("version")) {
        trial_.charter.version = read_text(*version, "version", errors_).value_or("");
      }
      if (const auto date = charter.take("effective")) {
        trial_.charter.effective = read_date(*date, "effective", errors_);
      }
      charter.finish();
    }
    map.finish();
  }

  /// The bytes of a register; nothing, and a mistake at `node`, when they cannot be had.
  std::optional<std::string> register_text(const YAML::Node& node, const std::string& name) {
    auto text = read_register_(name);
    if (text.has_error()) {
      errors_.add(node, "register '" + name + "' " + text.error().where);
      return std::nullopt;
    }
    return std::move(*text);
  }

  void read_subjects(const YAML::Node& node) {
    YamlMap map(node, "subjects", errors_);
    const auto value = map.need("register");
    map.finish();
    if (!value) return;
    const auto name = read_text(*value, "register", errors_);
    if (!name) return;
    const auto text = register_text(*value, *name);
    if (!text) return;
    auto parsed = SubjectRegister::parse_csv(*text, *name);
    if (auto* const mistakes = std::get_if<std::vector<ConfigError>>(&parsed)) {
      for (ConfigError& mistake : *mistakes) errors_.add(std::move(mistake));
      return;
    }
    trial_.subjects = std::move(std::get<SubjectRegister>(parsed));
    trial_.register_sha256 = trial_.subjects.sha256();
    has_register_ = true;
  }

  void check_references(const YAML::Node& node) {
    if (!has_register_) return;
    const auto& names = trial_.subjects.date_names();
    const std::vector<std::string_view> vocabulary(names.begin(), names.end());
    for (const std::string& reference : trial_.time_points.references()) {
      if (std::ranges::find(names, reference) != names.end()) continue;
      errors_.add(node, unknown_word("reference date", reference, vocabulary) +
                            " (reference dates are columns of the subject register)");
    }
  }

  void read_scanners(const YAML::Node& node) {
    YamlMap map(node, "scanners", errors_);
    if (const auto value = map.take("qualified")) {
      const auto name = read_text(*value, "qualified", errors_);
      const auto text = name ? register_text(*value, *name) : std::nullopt;
      if (text) {
        trial_.scanners.register_file = *name;
        trial_.scanners.register_sha256 = sha256_hex(*text);
        auto parsed = parse_scanner_register(*text, *name);
        if (const auto* const mistakes = std::get_if<std::vector<ConfigError>>(&parsed)) {
          for (const ConfigError& mistake : *mistakes) errors_.add(mistake);
        } else {
          trial_.scanners.qualified = std::move(std::get<std::vector<QualifiedScanner>>(parsed));
        }
      }
    }
    if (const auto value = map.take("phantom")) {
      YamlMap phantom(*value, "phantom", errors_);
      for (const YamlMap::Entry& entry : phantom.take_rest()) {
        check_modality(entry.key, entry.name, errors_);
        YamlMap rule(entry.value, entry.name, errors_);
        if (const auto days = rule.need("every_days")) {
          trial_.scanners.phantom_every_days[entry.name] =
              read_integer(*days, "every_days", errors_, 1, 3650).value_or(0);
        }
        rule.finish();
      }
    }
    map.finish();
  }

  void read_completeness(const YAML::Node& node) {
    YamlMap map(node, "completeness", errors_);
    if (const auto value = map.take("quiet_seconds")) {
      trial_.quiet_seconds =
          static_cast<std::uint32_t>(read_integer(*value, "quiet_seconds", errors_, 1, 86'400).value_or(300));
    }
    map.finish();
  }

  void read_messages(const YAML::Node& node) {
    YamlMap map(node, "messages", errors_);
    if (const auto value = map.take("language")) {
      trial_.language = read_language(*value, errors_).value_or(trial_.language);
    }
    if (const auto value = map.take("sites")) {
      YamlMap sites(*value, "sites", errors_);
      for (const YamlMap::Entry& entry : sites.take_rest()) {
        if (has_register_ && !trial_.subjects.has_site(entry.name)) {
          errors_.add(entry.key, "site '" + entry.name + "' is not in the subject register");
        }
        if (const auto language = read_language(entry.value, errors_))
          trial_.site_languages[entry.name] = *language;
      }
    }
    map.finish();
  }

  const RegisterReader& read_register_;
  YamlErrors errors_;
  bool has_register_ = false;
  Trial trial_;
};

}  // namespace

LoadedTrial load_trial(const std::filesystem::path& path) {
  const auto text = read_file(path);
  if (text.has_error()) return std::vector<ConfigError>{{path.string(), 0, 0, text.error().where}};
  const RegisterReader beside = [&path](const std::string& name) {
    return read_file(path.parent_path() / name);
  };
  return load_trial_text(*text, path.string(), beside);
}

LoadedTrial load_trial_text(std::string_view text, std::string_view file,
                            const RegisterReader& read_register) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() != 1) {
      return std::vector<ConfigError>{
          {std::string(file), 1, 1,
           "the file has " + std::to_string(documents.size()) + " YAML documents; expected one"}};
    }
    return TrialReader(file, read_register).read(documents.front(), text);
  } catch (const YAML::Exception& exception) {
    YamlErrors errors(file);
    errors.add(exception.mark, exception.msg + "; expected YAML");
    return std::move(errors).sorted();
  }
}

}  // namespace trialgate::rules
