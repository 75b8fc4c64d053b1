#include "rules/dataset/attribute_path.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::size_t tag_characters = 11;

Failure invalid(const std::string& what) {
  return fail(Errc::invalid_configuration, what);
}

/// "(gggg,xxEE)" or "(gggg,10EE)": group and low byte.
std::optional<Tag> parse_private_tag(std::string_view text) {
  std::string digits(text);
  if (digits.size() == tag_characters && (digits.substr(6, 2) == "xx" || digits.substr(6, 2) == "XX")) {
    digits.replace(6, 2, "00");
  }
  const auto tag = parse_tag(digits);
  if (!tag || !tag->is_private()) return std::nullopt;
  return Tag(tag->group(), static_cast<std::uint16_t>(tag->element() & 0xFFU));
}

std::string step_text(const AttributePath::Step& step) {
  if (step.creator.empty()) return keyword_or_tag(step.tag);
  std::string text = to_string(step.tag);
  text.replace(6, 2, "xx");
  return step.creator + ':' + text;
}

/// Takes one step off the front of `text`.
Result<AttributePath::Step> take_step(std::string_view& text) {
  AttributePath::Step step;
  if (text.starts_with('(')) {
    const auto tag = parse_tag(text.substr(0, tag_characters));
    if (!tag) return invalid("no tag: " + std::string(text));
    step.tag = *tag;
    text.remove_prefix(tag_characters);
    return step;
  }
  const auto end =
      std::find_if_not(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c); });
  const auto length = static_cast<std::size_t>(end - text.begin());
  const bool whole = length == text.size() || text[length] == '.' || text[length] == '[';
  if (const auto* entry = lookup(text.substr(0, length)); entry != nullptr && whole) {
    step.tag = entry->tag;
    text.remove_prefix(length);
    return step;
  }
  const auto colon = text.find(":(");
  if (colon == std::string_view::npos || colon == 0) {
    return invalid("unknown attribute " + std::string(text.substr(0, length)));
  }
  const auto tag = parse_private_tag(text.substr(colon + 1, tag_characters));
  if (!tag) return invalid("no private tag: " + std::string(text.substr(colon + 1)));
  step.creator = text.substr(0, colon);
  step.tag = *tag;
  text.remove_prefix(colon + 1 + tag_characters);
  return step;
}

/// Takes "[n]" or "[*]" off the front of `text`, when there is one.
Result<std::optional<std::size_t>> take_index(std::string_view& text) {
  if (!text.starts_with('[')) return std::optional<std::size_t>{};
  const auto close = text.find(']');
  if (close == std::string_view::npos) return invalid("missing ]");
  const std::string_view inside = text.substr(1, close - 1);
  text.remove_prefix(close + 1);
  if (inside == "*") return std::optional(AttributePath::every_item);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  if (error != std::errc{} || end != inside.data() + inside.size() || inside.empty()) {
    return invalid("item index is a number or *");
  }
  return std::optional(index);
}

const Element* find_step(const ElementList& list, const AttributePath::Step& step) {
  return step.creator.empty() ? list.find(step.tag) : list.find_private(step.tag, step.creator);
}

class Visitor {
 public:
  Visitor(const std::vector<AttributePath::Step>& steps, const AttributePath::Found& found,
          std::size_t max_items)
      : steps_(steps), found_(found), max_items_(max_items) {}

  /// As deep as the path has steps.
  void visit(const ElementList& list, std::size_t index, const std::string& prefix) {
    const AttributePath::Step& step = steps_[index];
    const Element* element = find_step(list, step);
    if (element == nullptr) return;
    lists_.push_back(&list);
    if (index + 1 == steps_.size()) {
      found_(prefix + step_text(step), *element, lists_);
    } else {
      const auto& items = element->items();
      const bool all = step.item == AttributePath::every_item;
      const std::size_t first = all ? 0 : step.item;
      const std::size_t last = all ? std::min(items.size(), max_items_) : std::min(items.size(), first + 1);
      for (std::size_t i = first; i < last; ++i) {
        visit(items[i].elements, index + 1, prefix + step_text(step) + '[' + std::to_string(i) + "].");
      }
    }
    lists_.pop_back();
  }

 private:
  const std::vector<AttributePath::Step>& steps_;
  const AttributePath::Found& found_;
  std::size_t max_items_;
  std::vector<const ElementList*> lists_;
};

}  // namespace

Result<AttributePath> AttributePath::parse(std::string_view text) {
  AttributePath path;
  while (true) {
    auto step = take_step(text);
    if (!step) return step.error();
    auto index = take_index(text);
    if (!index) return index.error();
    step->item = index->value_or(0);
    path.steps_.push_back(std::move(*step));
    if (path.steps_.size() > max_steps) return invalid("path too long");
    const Step& last = path.steps_.back();
    if (text.empty()) {
      if (*index) return invalid("item index without attribute");
      return path;
    }
    const DictionaryEntry* entry = path.attribute();
    if (text.front() != '.') return invalid("unexpected character in path");
    if (entry != nullptr && entry->vr != Vr::sq) return invalid(step_text(last) + " is no sequence");
    text.remove_prefix(1);
  }
}

const DictionaryEntry* AttributePath::attribute() const noexcept {
  if (steps_.empty() || !steps_.back().creator.empty()) return nullptr;
  return lookup(steps_.back().tag);
}

std::string AttributePath::text() const {
  std::string text;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    text += step_text(steps_[i]);
    if (i + 1 == steps_.size()) break;
    text += steps_[i].item == every_item ? "[*]." : '[' + std::to_string(steps_[i].item) + "].";
  }
  return text;
}

void AttributePath::visit(const ElementList& root, const Found& found, std::size_t max_items) const {
  if (!steps_.empty()) Visitor(steps_, found, max_items).visit(root, 0, {});
}

}  // namespace trialgate::rules
