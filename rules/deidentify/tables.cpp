#include "rules/deidentify/tables.h"

#include "rules/trial/sha256.h"

#include <algorithm>
#include <array>

namespace trialgate::rules {
namespace {

struct SopClassColumn {
  std::string_view uid;
  std::uint16_t column;
};

struct TypeRow {
  std::array<std::uint32_t, 5> path;
  std::string_view types;  // a letter a column: 1, c = 1C, 2, d = 2C, 3, space = not in that IOD
};

constexpr ConfidentialityRow rows[] = {
#include "rules/deidentify/tables/table_e1_1.inc"
};

constexpr SafePrivateRow safe_rows[] = {
#include "rules/deidentify/tables/safe_private.inc"
};

constexpr ContentConceptRow content_rows[] = {
#include "rules/deidentify/tables/content_concepts.inc"
};

constexpr MethodCode codes[] = {
#include "rules/deidentify/tables/cid7050.inc"
};

#include "rules/deidentify/tables/attribute_types.inc"

static_assert(std::ranges::is_sorted(rows, {}, &ConfidentialityRow::tag));
static_assert(std::ranges::is_sorted(sop_class_columns, {}, &SopClassColumn::uid));
static_assert(std::ranges::is_sorted(type_rows, {}, &TypeRow::path));
static_assert(std::size(rows) == 653);
static_assert(std::size(content_rows) == 214);
static_assert(std::size(codes) == 13);

constexpr std::array<std::string_view, 9> action_names = {"D",   "Z",   "X",     "U",     "Z/D",
                                                          "X/Z", "X/D", "X/Z/D", "X/Z/U*"};

std::string canonical_text() {
  std::string text(tables_edition);
  const auto add = [&text](std::uint64_t number) { text += std::to_string(number) + ' '; };
  for (const ConfidentialityRow& row : rows) {
    for (const std::uint64_t number :
         {std::uint64_t{row.tag}, std::uint64_t(row.vr), std::uint64_t(row.basic), std::uint64_t{row.keep},
          std::uint64_t{row.clean}}) {
      add(number);
    }
  }
  for (const SafePrivateRow& row : safe_rows) {
    add(row.tag);
    add(static_cast<std::uint64_t>(row.vr));
    text += row.creator;
  }
  for (const ContentConceptRow& row : content_rows) {
    text += row.scheme;
    text += row.code;
    text += row.value_type;
    for (const std::uint64_t number :
         {std::uint64_t(row.basic), std::uint64_t{row.keep}, std::uint64_t{row.clean}}) {
      add(number);
    }
  }
  for (const SopClassColumn& column : sop_class_columns) {
    text += column.uid;
    add(column.column);
  }
  for (const TypeRow& row : type_rows) {
    for (const std::uint32_t tag : row.path) add(tag);
    text += row.types;
  }
  return text;
}

}  // namespace

std::string_view to_string(ProfileAction action) noexcept {
  return action_names[static_cast<std::size_t>(action)];
}

std::span<const ConfidentialityRow> confidentiality_rows() noexcept {
  return rows;
}

std::span<const SafePrivateRow> safe_private_rows() noexcept {
  return safe_rows;
}

const SafePrivateRow* find_safe_private(Tag tag, std::string_view creator) noexcept {
  const std::uint32_t wanted = tag.value() & 0xFFFF00FFU;
  for (const SafePrivateRow& row : safe_rows) {
    if (row.tag == wanted && row.creator == creator) return &row;
  }
  return nullptr;
}

std::span<const ContentConceptRow> content_concept_rows() noexcept {
  return content_rows;
}

const ContentConceptRow* find_content_concept(std::string_view scheme, std::string_view code,
                                              std::string_view value_type) noexcept {
  const ContentConceptRow* other = nullptr;
  for (const ContentConceptRow& row : content_rows) {
    if (row.code != code || row.scheme != scheme) continue;
    if (row.value_type == value_type) return &row;
    if (other == nullptr) other = &row;
  }
  return other;
}

AttributeType attribute_type(std::string_view sop_class_uid, std::span<const Tag> path) noexcept {
  std::array<std::uint32_t, 5> key{};
  if (path.empty() || path.size() > key.size()) return AttributeType::unknown;
  std::ranges::transform(path, key.begin(), &Tag::value);
  const auto column = std::ranges::lower_bound(sop_class_columns, sop_class_uid, {}, &SopClassColumn::uid);
  if (column == std::end(sop_class_columns) || column->uid != sop_class_uid) return AttributeType::unknown;
  const auto row = std::ranges::lower_bound(type_rows, key, {}, &TypeRow::path);
  if (row == std::end(type_rows) || row->path != key) return AttributeType::unknown;
  switch (row->types[column->column]) {
    case '1':
    case 'c':
      return AttributeType::one;
    case '2':
    case 'd':
      return AttributeType::two;
    case '3':
      return AttributeType::three;
    default:
      return AttributeType::unknown;
  }
}

MethodCode profile_code() noexcept {
  return codes[0];
}

MethodCode option_code(DeidentificationOption option) noexcept {
  return codes[static_cast<std::size_t>(option) + 1];
}

MethodCode method_code(std::string_view value) noexcept {
  const auto found = std::ranges::find(codes, value, &MethodCode::value);
  return found == std::end(codes) ? MethodCode{} : *found;
}

const std::string& tables_sha256() {
  static const std::string digest = sha256_hex(canonical_text());
  return digest;
}

}  // namespace trialgate::rules
