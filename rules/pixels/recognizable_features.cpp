#include "rules/pixels/recognizable_features.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace trialgate::rules {
namespace {

constexpr Tag body_part_examined{0x0018, 0x0015};
constexpr Tag anatomic_region{0x0008, 0x2218};
constexpr Tag code_meaning{0x0008, 0x0104};
constexpr Tag recognizable_visual_features{0x0028, 0x0302};

/// Beginnings of words in English and some other languages, and Chinese in UTF-8; the short ones whole words.
constexpr std::array head_words = {
    "HEAD",         "BRAIN",        "SKULL",        "FACE",         "FACIAL",      "NECK", "CRANI",  "CEREBR",
    "ORBIT",        "SINUS",        "MAXILL",       "MANDIB",       "JAW",         "NASO", "NOSE",   "EAR",
    "EYE",          "PITUI",        "WHOLE",        "WB",           "KOPF",        "HALS", "SCHAED", "TETE",
    "\xE5\xA4\xB4", "\xE9\xA2\x85", "\xE8\x84\x91", "\xE9\xA2\x88", "\xE9\x9D\xA2"};

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::string text_of(const ElementList& elements, Tag tag) {
  const Element* element = elements.find(tag);
  return element == nullptr ? std::string() : upper(element->text());
}

bool shows_head(std::string_view text) {
  constexpr std::size_t whole_word_length = 3;
  const auto is_letter = [text](std::size_t at) {
    return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0;
  };
  return std::ranges::any_of(head_words, [&](std::string_view word) {
    const bool whole = word.size() <= whole_word_length && is_letter(text.find(word));
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      const bool begins = at == 0 || !is_letter(at - 1);
      if (begins && !(whole && is_letter(at + word.size()))) return true;
    }
    return false;
  });
}

bool is_photograph(std::string_view sop_class) {
  constexpr std::array classes = {"1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.840.10008.5.1.4.1.1.77.1.4.1"};
  return std::ranges::find(classes, sop_class) != classes.end();
}

bool is_cross_section(std::string_view modality) {
  constexpr std::array modalities = {"CT", "MR", "PT", "NM", "ST"};
  return std::ranges::find(modalities, modality) != modalities.end();
}

std::string anatomic_regions(const DataSet& data_set) {
  std::string regions;
  const Element* sequence = data_set.elements.find(anatomic_region);
  if (sequence == nullptr) return regions;
  for (const Item& item : sequence->items()) regions += text_of(item.elements, code_meaning) + '\n';
  return regions;
}

}  // namespace

std::vector<HoldCause> recognizable_signs(const DataSet& data_set) {
  std::vector<HoldCause> causes;
  const auto add = [&causes](Tag tag, const char* sentence) {
    causes.push_back({HoldReason::recognizable_features, keyword_or_tag(tag), sentence});
  };
  const ElementList& elements = data_set.elements;
  if (text_of(elements, recognizable_visual_features) == "YES") {
    add(recognizable_visual_features, "the pixels are said to show recognizable features");
  }
  if (is_photograph(text_of(elements, tags::sop_class_uid))) {
    add(tags::sop_class_uid, "a photograph may show the patient's face");
  }
  if (!is_cross_section(text_of(elements, Tag(0x0008, 0x0060)))) return causes;

  const std::string part = text_of(elements, body_part_examined) + '\n' + anatomic_regions(data_set);
  if (shows_head(part)) {
    add(body_part_examined, "a face can be rendered from cross-sections of this part of the body");
    return causes;
  }
  // Study Description, Series Description, Protocol Name.
  std::string descriptions;
  for (const std::uint32_t number : {0x00081030U, 0x0008103EU, 0x00181030U}) {
    descriptions += text_of(elements, Tag(number)) + '\n';
  }
  if (shows_head(descriptions)) {
    add(body_part_examined, "the descriptions tell of a part of the body from which a face can be rendered");
  } else if (trim(part).find_first_not_of('\n') == std::string_view::npos) {
    add(body_part_examined, "the instance does not say which part of the body it shows");
  }
  return causes;
}

}  // namespace trialgate::rules
