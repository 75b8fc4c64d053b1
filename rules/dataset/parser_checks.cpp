#include "rules/dataset/parser.h"

namespace trialgate::rules {
namespace {

enum class VrClass : std::uint8_t { text, binary, sequence };

VrClass class_of(Vr vr) {
  if (vr == Vr::sq) return VrClass::sequence;
  return is_text(vr) ? VrClass::text : VrClass::binary;
}

}  // namespace

void Parser::check_tag(const Level& level, Tag tag) {
  ElementList& list = *level.list;
  if (level.sequence == nullptr && (tag.group() == 0x0000 || tag.group() == 0x0002)) {
    note(AnomalyKind::command_or_meta_element, Severity::fatal, position_, tag);
  }
  const bool first = list.elements_.empty();
  const Tag previous = first ? Tag{} : list.elements_.back().tag_;
  if (!first && tag == previous) note(AnomalyKind::duplicate_tag, Severity::fatal, position_, tag);
  if (!first && tag < previous) {
    note(AnomalyKind::tag_order, Severity::fatal, position_, tag);
    list.ascending_ = false;
  }
  if (!tag.is_private() || tag.is_private_creator() || tag.is_group_length()) return;
  const bool same_block =
      !first && previous.group() == tag.group() && previous.element() >> 8U == tag.element() >> 8U;
  if (!same_block && list.creator_of(tag).empty()) {
    note(AnomalyKind::private_creator_missing, Severity::tolerable, position_, tag);
  }
}

void Parser::check_group_length(Level& level, Tag tag) {
  if (level.group_length && level.group_length->first != tag.group()) {
    if (level.group_length->second != position_) {
      note(AnomalyKind::group_length_mismatch, Severity::tolerable, level.group_length_offset);
    }
    level.group_length.reset();
  }
  // The value of a group length is only there once it was read: the element before this one.
  if (level.list == nullptr || level.list->elements_.empty()) return;
  const Element& last = level.list->elements_.back();
  if (!last.tag_.is_group_length() || level.group_length || last.tag_.group() != tag.group()) return;
  const auto length = binary_integer(last);
  level.group_length_offset = last.offset_;
  level.group_length = {last.tag_.group(), length ? position_ + static_cast<std::uint64_t>(*length) : 0};
}

void Parser::check_vr(const Element& element, Vr dictionary_vr) {
  if (element.tag_.is_private_creator() && element.encoded_vr_ != Vr::lo) {
    note(AnomalyKind::private_creator_not_text, Severity::tolerable, element.offset_, element.tag_);
  }
  if (dictionary_vr == Vr::un || dictionary_vr == Vr::sq || element.vr_ == Vr::unknown) return;
  if (class_of(element.vr_) != class_of(dictionary_vr)) {
    note(AnomalyKind::vr_mismatch, Severity::tolerable, element.offset_, element.tag_);
  }
}

void Parser::note(AnomalyKind kind, Severity severity, std::uint64_t offset, std::optional<Tag> tag) {
  if (severity == Severity::fatal) result_.fatal = true;
  if (result_.anomalies.size() >= limits_.max_anomalies) return;
  result_.anomalies.push_back({kind, severity, offset, path(tag)});
}

void Parser::give_up(AnomalyKind kind, std::optional<Tag> tag) {
  note(kind, Severity::fatal, position_, tag);
  while (!levels_.empty()) {
    const Level level = levels_.back();
    levels_.pop_back();
    if (level.sequence == nullptr || level.sequence->undefined_length_) continue;
    Element& sequence = *level.sequence;
    const auto start = static_cast<std::uint64_t>(sequence.source_.data() - bytes_.data());
    sequence.content_ = Content::unreadable_items;
    sequence.items_.clear();
    sequence.source_ = bytes_.subspan(start, level.sequence_end - start);
    position_ = level.sequence_end;
    note(AnomalyKind::unreadable_sequence, Severity::fatal, sequence.offset_, sequence.tag_);
    return;
  }
  stopped_ = true;
}

std::string Parser::path(std::optional<Tag> tag) const {
  std::string text;
  for (const Level& level : levels_) {
    if (level.sequence == nullptr) continue;
    if (!text.empty()) text += '.';
    text += to_string(level.sequence->tag_);
    const std::size_t items = level.sequence->items_.size();
    if (level.list != nullptr && items > 0) text += '[' + std::to_string(items - 1) + ']';
  }
  if (tag) {
    if (!text.empty()) text += '.';
    text += to_string(*tag);
  }
  return text;
}

}  // namespace trialgate::rules
