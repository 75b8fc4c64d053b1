#include "rules/deidentify/deidentify.h"

#include "rules/dataset/values.h"
#include "rules/deidentify/profile_pass.h"
#include "rules/deidentify/sop_classes.h"
#include "rules/deidentify/trial_modules.h"
#include "rules/pixels/burned_in_risk.h"
#include "rules/pixels/recognizable_features.h"
#include "rules/trial/sha256.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>

namespace trialgate::rules {
namespace {

using Option = DeidentificationOption;

constexpr Tag patient_id{0x0010, 0x0020};
constexpr Tag issuer_of_patient_id{0x0010, 0x0021};

std::string text_of(const DataSet& data_set, Tag tag) {
  const Element* element = data_set.elements.find(tag);
  return element == nullptr ? std::string() : std::string(trim(element->text()));
}

/// UTF-8 where the character set is known, else as it is.
std::string decoded_text_of(const DataSet& data_set, Tag tag) {
  const Element* element = data_set.elements.find(tag);
  if (element == nullptr) return {};
  const auto characters = CharacterSet::parse(text_of(data_set, tags::specific_character_set));
  const auto text = characters ? characters->decode(element->value(), element->vr()) : std::nullopt;
  return std::string(trim(text ? std::string_view(*text) : element->text()));
}

Held held(HoldReason reason, std::string path, std::string message) {
  return {{{reason, std::move(path), std::move(message)}}};
}

class Run {
 public:
  Run(std::span<const std::uint8_t> file, const CompiledRules& rules, const DeidentificationSubject& subject,
      const Identity& identity)
      : file_(file),
        rules_(rules),
        subject_(subject),
        identity_(identity),
        pass_(rules.actions(), identity, subject,
              identity.shift_days(subject.subject_id, rules.rules().max_shift_days)) {}

  std::variant<Deidentified, Held> run(const Limits& limits) {
    if (auto cause = read(limits)) return *cause;
    check_anomalies();
    check_identity();
    for (HoldCause& cause : hold_causes_of_kind(data_set_, rules_.rules()))
      causes_.push_back(std::move(cause));
    rule_on_pixels();
    if (!causes_.empty()) return Held{std::move(causes_)};
    if (auto cause = make_pixels()) return *cause;
    return change();
  }

 private:
  std::optional<Held> read(const Limits& limits) {
    const auto view = parse_file(file_);
    if (!view) return held(HoldReason::unreadable, {}, view.error().message());
    view_ = *view;
    bytes_ = file_.subspan(view_.data_set_offset);
    auto data_set = parse(bytes_, *view_.transfer_syntax, limits);
    if (!data_set) return held(HoldReason::unreadable, {}, data_set.error().message());
    data_set_ = std::move(*data_set);
    return std::nullopt;
  }

  void check_anomalies() {
    if (!data_set_.fatal) return;
    for (const Anomaly& anomaly : data_set_.anomalies) {
      if (anomaly.severity != Severity::fatal) continue;
      const bool sequence = anomaly.kind == AnomalyKind::unreadable_sequence;
      causes_.push_back({sequence ? HoldReason::unreadable_sequence : HoldReason::anomaly, anomaly.path,
                         std::string(to_string(anomaly.kind))});
    }
    if (causes_.empty()) causes_.push_back({HoldReason::anomaly, {}, "too many anomalies"});
  }

  void check_identity() {
    for (const Tag tag :
         {tags::sop_class_uid, tags::sop_instance_uid, tags::study_instance_uid, tags::series_instance_uid}) {
      if (!is_valid_uid(text_of(data_set_, tag))) {
        causes_.push_back({HoldReason::identity_missing, keyword_or_tag(tag), "absent, empty or no UID"});
      }
    }
    if (!view_.sop_class_uid.empty() &&
        trim(view_.sop_class_uid) != text_of(data_set_, tags::sop_class_uid)) {
      causes_.push_back(
          {HoldReason::anomaly, "SOPClassUID", "the file meta information says another SOP class"});
    }
    if (subject_.subject_id.empty() || subject_.sponsor.empty() || subject_.protocol_id.empty()) {
      causes_.push_back(
          {HoldReason::identity_missing, {}, "the trial gives no subject ID, sponsor or protocol ID"});
    }
    const std::string id = decoded_text_of(data_set_, patient_id);
    if (id.empty()) {
      causes_.push_back({HoldReason::identity_missing, "PatientID", "absent or empty"});
    } else if (id != trim(subject_.patient_id)) {
      causes_.push_back({HoldReason::subject_mismatch, "PatientID", "another patient than the subject"});
    }
    const std::string issuer = decoded_text_of(data_set_, issuer_of_patient_id);
    const std::string_view wanted = trim(subject_.issuer_of_patient_id);
    if (!issuer.empty() && !wanted.empty() && issuer != wanted) {
      causes_.push_back(
          {HoldReason::subject_mismatch, "IssuerOfPatientID", "another issuer than the subject's"});
    }
  }

  void rule_on_pixels() {
    const SopClassHandling handling = sop_class_handling(text_of(data_set_, tags::sop_class_uid));
    if (handling != SopClassHandling::image && handling != SopClassHandling::burned_in_risk) return;
    PixelRuling ruling =
        rule_on_burned_in(data_set_, handling == SopClassHandling::burned_in_risk, rules_.rules().masks);
    mask_ = ruling.mask;
    for (HoldCause& cause : ruling.causes) causes_.push_back(std::move(cause));
    if (!rules_.rules().has(Option::clean_recognizable_visual_features)) return;
    for (HoldCause& cause : recognizable_signs(data_set_)) causes_.push_back(std::move(cause));
  }

  /// From what the header says before anything is taken out of it.
  std::optional<Held> make_pixels() {
    if (!data_set_.pixel_data) return std::nullopt;
    if (mask_ != nullptr && !mask_->blank.empty()) {
      auto masked = masked_pixels(data_set_, bytes_, *mask_);
      if (!masked) return held_for_pixels(masked.error());
      result_.new_pixels = std::move(*masked);
    } else if (data_set_.pixel_data->encapsulated) {
      auto stripped = stripped_pixels(data_set_, bytes_);
      if (!stripped) return held(HoldReason::pixel_metadata, "PixelData", stripped.error().where);
      result_.new_pixels = std::move(*stripped);
    }
    return std::nullopt;
  }

  std::optional<Held> describe_pixels() {
    constexpr Tag burned_in_annotation{0x0028, 0x0301};
    if (result_.new_pixels) result_.new_pixels->describe(data_set_);
    if (mask_ == nullptr) {
      if (result_.new_pixels) pass_.note(tags::pixel_data, Deed::replaced, "text beside the pixels");
      return std::nullopt;
    }
    if (!blank_icons(data_set_, *mask_)) {
      return held(HoldReason::not_supported, "IconImageSequence", "an icon that is kept cannot be masked");
    }
    data_set_.elements.put(Element(burned_in_annotation, Vr::cs, "NO"));
    pass_.note(burned_in_annotation, Deed::replaced, to_string(Option::clean_pixel_data));
    pass_.note(tags::pixel_data, mask_->blank.empty() ? Deed::kept : Deed::replaced,
               "mask " + mask_->id + ", approved by " + mask_->approved_by + " on " + mask_->approved_on);
    return std::nullopt;
  }

  std::variant<Deidentified, Held> change() {
    result_.transfer_syntax_uid = view_.transfer_syntax_uid;
    result_.source_sop_instance_uid = text_of(data_set_, tags::sop_instance_uid);
    result_.source_study_uid = text_of(data_set_, tags::study_instance_uid);
    result_.source_series_uid = text_of(data_set_, tags::series_instance_uid);
    for (const std::string& text : trial_texts()) pass_.residual().allow(text);
    pass_.residual().add_identifier(subject_.patient_id, {});

    pass_.run(data_set_);
    if (!pass_.causes().empty()) return Held{pass_.causes()};
    pass_.residual().prepare();
    drop_telling_methods();
    if (auto cause = describe_pixels()) return *cause;
    const DeidentificationMarkers markers = this->markers();
    const auto inserted = insert_trial(data_set_, subject_, result_.source_series_uid, markers);
    if (!inserted) return held(HoldReason::unknown_character_set, {}, inserted.error().message());
    for (const Tag tag : *inserted) pass_.note(tag, Deed::added, "clinical trial");

    result_.sop_class_uid = text_of(data_set_, tags::sop_class_uid);
    result_.sop_instance_uid = text_of(data_set_, tags::sop_instance_uid);
    result_.study_uid = text_of(data_set_, tags::study_instance_uid);
    result_.series_uid = text_of(data_set_, tags::series_instance_uid);
    if (auto cause = write_out()) return *cause;
    if (auto cause = search_residual()) return *cause;
    for (const std::string& uid : pass_.removed_uids()) result_.uids.emplace(uid, identity_.new_uid(uid));
    finish_report(markers);
    return std::move(result_);
  }

  /// Earlier methods stay, but not one that names what had to go.
  void drop_telling_methods() {
    constexpr Tag method{0x0012, 0x0063};
    Element* earlier = data_set_.elements.find(method);
    if (earlier == nullptr || pass_.residual().search(earlier->value()).empty()) return;
    std::string left;
    for (const std::string_view value : split_values(earlier->text())) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(value.data());
      if (!pass_.residual().search({bytes, value.size()}).empty()) continue;
      if (!left.empty()) left += '\\';
      left += value;
    }
    earlier->replace(left);
    pass_.note(method, Deed::removed, "earlier method that names a removed value");
  }

  std::optional<Held> write_out() {
    auto written = write(data_set_);
    if (!written) return held(HoldReason::not_supported, {}, written.error().message());
    result_.prefix = std::move(written->prefix);
    result_.suffix = std::move(written->suffix);
    result_.pixel_length = written->pixel_length;
    result_.pixel_offset = written->pixel_length == 0 ? 0 : view_.data_set_offset + written->pixel_offset;
    if (result_.new_pixels) return put_new_pixels();
    if (data_set_.inflated == nullptr) return std::nullopt;
    // The pixels are a range of the inflated bytes, which no file holds.
    const auto pixels = std::span(*data_set_.inflated).subspan(written->pixel_offset, written->pixel_length);
    result_.prefix.insert(result_.prefix.end(), pixels.begin(), pixels.end());
    result_.pixel_offset = 0;
    result_.pixel_length = 0;
    result_.transfer_syntax_uid = transfer_syntaxes::explicit_vr_little_endian;
    return std::nullopt;
  }

  /// In the place of the received ones, whose header the prefix ends with.
  std::optional<Held> put_new_pixels() {
    const Element* pixels = data_set_.elements.find(data_set_.pixel_data->tag);
    if (pixels == nullptr || result_.pixel_length == 0) {
      return held(HoldReason::not_supported, "PixelData", "the pixel data are not where they were");
    }
    result_.prefix.resize(result_.prefix.size() - (data_set_.pixel_data->offset - pixels->offset()));
    const auto header = result_.new_pixels->element_header();
    result_.prefix.insert(result_.prefix.end(), header.begin(), header.end());
    result_.pixel_offset = 0;
    result_.pixel_length = 0;
    result_.transfer_syntax_uid = result_.new_pixels->transfer_syntax_uid();
    return std::nullopt;
  }

  std::optional<Held> search_residual() {
    const ResidualSearch& residual = pass_.residual();
    std::vector<ResidualSearch::Hit> hits = residual.search(result_.prefix);
    for (ResidualSearch::Hit hit : residual.search(result_.suffix)) {
      hit.offset += result_.prefix.size() + result_.pixel_length;
      hits.push_back(hit);
    }
    Held found;
    if (!hits.empty()) explain(hits, found);
    if (found.causes.empty()) return std::nullopt;
    return found;
  }

  /// Adds a cause for every element with a hit that is no coincidence. `hits` count from the start of the
  /// output.
  void explain(const std::vector<ResidualSearch::Hit>& hits, Held& found) const;
  [[nodiscard]] bool is_coincidence(const ResidualSearch::Hit& hit, const Element& element) const;

  [[nodiscard]] std::vector<std::string> trial_texts() const {
    std::vector<std::string> texts = {
        subject_.subject_id,         subject_.reading_id,    subject_.sponsor,
        subject_.protocol_id,        subject_.protocol_name, subject_.site_id,
        subject_.site_name,          subject_.time_point_id, subject_.time_point_description,
        subject_.coordinating_center};
    return texts;
  }

  [[nodiscard]] DeidentificationMarkers markers() const {
    const DeidentificationRules& rules = rules_.rules();
    DeidentificationMarkers markers;
    markers.dates = rules.dates;
    markers.methods.emplace_back("PS3.15 2026d Basic Application Confidentiality Profile");
    markers.methods.push_back("trialgate, rules " + rules_.sha256().substr(0, 16));
    bool deviates = false;
    for (const DeidentificationOverride& rule : rules.overrides) {
      if (!is_weakening(rule, rules)) continue;
      deviates = true;
      markers.methods.push_back(("deviation " + rule.deviation).substr(0, 64));
    }
    if (deviates) return markers;
    markers.codes.emplace_back(profile_code().value);
    const bool contested = pass_.met_device_date() && rules.has(Option::retain_device_identity) &&
                           rules.dates == DateHandling::shift_per_subject;
    for (const Option option : rules.options) {
      // Only what a person has vetted counts as clean, and nobody looks for faces.
      if (option == Option::clean_pixel_data && mask_ == nullptr) continue;
      if (option == Option::clean_recognizable_visual_features) continue;
      if (contested && option == Option::retain_device_identity && rules.device_dates != DeviceDates::kept)
        continue;
      if (contested && option == Option::retain_longitudinal_modified_dates &&
          rules.device_dates != DeviceDates::shifted) {
        continue;
      }
      markers.codes.emplace_back(option_code(option).value);
    }
    return markers;
  }

  void finish_report(const DeidentificationMarkers& markers) {
    result_.report = pass_.deeds().report();
    result_.report.codes = markers.codes;
    result_.report.tables_edition = tables_edition;
    result_.report.tables_sha256 = tables_sha256();
    result_.report.rules_sha256 = rules_.sha256();
    result_.report.key_id = rules_.rules().key_id;
    result_.report.residual_values = pass_.residual().value_count();
    result_.report.residual_excluded = pass_.residual().excluded();
  }

  std::span<const std::uint8_t> file_;
  const CompiledRules& rules_;
  const DeidentificationSubject& subject_;
  const Identity& identity_;
  FileView view_;
  std::span<const std::uint8_t> bytes_;  // the data set in file_
  DataSet data_set_;
  ProfilePass pass_;
  std::vector<HoldCause> causes_;
  const PixelMask* mask_ = nullptr;  // of rules_, approved for this instance
  Deidentified result_;
};

/// The innermost element that holds the byte at `offset`, with its path.
const Element* element_at(const ElementList& list, std::uint64_t offset, std::string& path) {
  const Element* best = nullptr;
  for (const Element& element : list) {
    if (element.offset() > offset) break;
    best = &element;
  }
  if (best == nullptr) return nullptr;
  path += path.empty() ? "" : ".";
  path += keyword_or_tag(best->tag());
  const Item* item = nullptr;
  for (const Item& candidate : best->items()) {
    if (candidate.offset <= offset) item = &candidate;
  }
  const Element* inner = item == nullptr ? nullptr : element_at(item->elements, offset, path);
  return inner == nullptr ? best : inner;
}

bool Run::is_coincidence(const ResidualSearch::Hit& hit, const Element& element) const {
  constexpr Tag model_name{0x0008, 0x1090};
  if (element.tag() == model_name && hit.kind != ResidualSearch::Kind::uid &&
      is_product_name(element.text())) {
    return true;
  }
  if (hit.kind == ResidualSearch::Kind::name || hit.kind == ResidualSearch::Kind::uid) return false;
  // Digits of numbers and of new UIDs mean nothing; a date that was shifted may be what another one was.
  switch (element.vr()) {
    case Vr::ds:
    case Vr::is:
      return true;
    case Vr::ui:
      return element.text().starts_with("2.25.");
    case Vr::da:
    case Vr::dt:
    case Vr::tm:
      return rules_.rules().dates != DateHandling::removed;
    default:
      return false;
  }
}

void Run::explain(const std::vector<ResidualSearch::Hit>& hits, Held& found) const {
  constexpr std::size_t most_causes = 20;
  std::vector<std::uint8_t> whole = result_.prefix;
  const auto pixels = file_.subspan(result_.pixel_offset, result_.pixel_length);
  whole.insert(whole.end(), pixels.begin(), pixels.end());
  whole.insert(whole.end(), result_.suffix.begin(), result_.suffix.end());
  const TransferSyntax* syntax = find_transfer_syntax(result_.transfer_syntax_uid);
  if (syntax == nullptr) syntax = view_.transfer_syntax;
  const auto again = parse(whole, *syntax);
  for (const ResidualSearch::Hit& hit : hits) {
    std::string path;
    const Element* element = again ? element_at(again->elements, hit.offset, path) : nullptr;
    if (element != nullptr && is_coincidence(hit, *element)) continue;
    HoldCause cause{HoldReason::residual_value, path, "a value that was removed is still in the output"};
    if (std::ranges::find(found.causes, cause) != found.causes.end()) continue;
    found.causes.push_back(std::move(cause));
    if (found.causes.size() == most_causes) return;
  }
}

}  // namespace

CompiledRules::CompiledRules() = default;
CompiledRules::CompiledRules(CompiledRules&&) noexcept = default;
CompiledRules& CompiledRules::operator=(CompiledRules&&) noexcept = default;
CompiledRules::~CompiledRules() = default;

Result<CompiledRules> CompiledRules::compile(DeidentificationRules rules) {
  if (const auto problems = validate(rules); !problems.empty()) {
    return fail(Errc::invalid_configuration, "deidentify: " + problems.front());
  }
  CompiledRules compiled;
  compiled.rules_ = std::move(rules);
  compiled.actions_ = std::make_unique<const ActionTable>(compiled.rules_);
  std::string text = compiled.actions_->canonical_text();
  if (!compiled.rules_.masks.empty()) text += boost::json::serialize(to_json(compiled.rules_.masks));
  compiled.sha256_ = sha256_hex(text);
  return compiled;
}

Held held_for_pixels(const Failure& failure) {
  const bool unsupported = failure.code == make_error_code(Errc::unsupported);
  return held(unsupported ? HoldReason::not_supported : HoldReason::unreadable, "PixelData", failure.where);
}

std::variant<Deidentified, Held> deidentify(std::span<const std::uint8_t> file, const CompiledRules& rules,
                                            const DeidentificationSubject& subject, const Identity& identity,
                                            const Limits& limits) {
  return Run(file, rules, subject, identity).run(limits);
}

}  // namespace trialgate::rules
