#include "rules/evaluate/header_quantities.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace trialgate::rules {
namespace {

constexpr std::string_view drug = "RadiopharmaceuticalInformationSequence[0].";

/// A nuclide with the spellings of its name.
struct NuclideRow {
  Nuclide nuclide;
  std::string_view srt;      ///< code of PS3.16 CID 4020 before 2019; empty: none
  std::string_view sct;      ///< and since
  std::string_view symbol;   ///< "f"
  std::string_view element;  ///< "fluorine"
  std::string_view mass;     ///< "18"
};

/// Half-lives as evaluated by the Decay Data Evaluation Project. Codes: PS3.16 CID 4020.
constexpr std::array nuclides = std::to_array<NuclideRow>({
    {{"F-18", 6586.2}, "C-111A1", "77004003", "f", "fluorine", "18"},
    {{"C-11", 1221.8}, "C-105A1", "40565003", "c", "carbon", "11"},
    {{"N-13", 597.9}, "C-107A1", "21576001", "n", "nitrogen", "13"},
    {{"O-15", 122.2}, "C-B1038", "129504001", "o", "oxygen", "15"},
    {{"Ga-68", 4062.6}, "C-131A3", "35337001", "ga", "gallium", "68"},
    {{"Cu-64", 45'721}, "C-127A2", "3932008", "cu", "copper", "64"},
    {{"Zr-89", 282'280}, "C-168A4", "63360001", "zr", "zirconium", "89"},
    {{"Rb-82", 75.5}, "C-159A2", "79197006", "rb", "rubidium", "82"},
    {{"I-124", 360'806}, "C-114A5", "40937006", "i", "iodine", "124"},
    {{"Y-86", 53'064}, "C-162A3", "10738001", "y", "yttrium", "86"},
    {{"Tc-99m", 21'624}, "", "", "tc", "technetium", "99m"},
    {{"In-111", 242'330}, "", "", "in", "indium", "111"},
    {{"I-123", 47'604}, "", "", "i", "iodine", "123"},
    {{"I-131", 693'377}, "", "", "i", "iodine", "131"},
    {{"Ga-67", 281'811}, "", "", "ga", "gallium", "67"},
    {{"Tl-201", 262'837}, "", "", "tl", "thallium", "201"},
    {{"Lu-177", 574'300}, "", "", "lu", "lutetium", "177"},
});

std::string letters_and_digits(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u)) plain += static_cast<char>(std::tolower(u));
  }
  return plain;
}

std::string joined(std::string_view a, std::string_view b) {
  return std::string(a) + std::string(b);
}

/// "^18^Fluorine", "Fluorine 18", "F-18", "18F".
bool is_spelling(const NuclideRow& row, std::string_view words) {
  return words == joined(row.mass, row.symbol) || words == joined(row.mass, row.element) ||
         words == joined(row.symbol, row.mass) || words == joined(row.element, row.mass);
}

}  // namespace

const Nuclide* nuclide_of(const InstanceRecord& record) {
  const std::string path(drug);
  const auto code = record.text(path + "RadionuclideCodeSequence[0].CodeValue");
  const auto meaning = record.text(path + "RadionuclideCodeSequence[0].CodeMeaning");
  const std::string_view code_text = code ? trim(*code) : std::string_view{};
  const std::string words = meaning ? letters_and_digits(*meaning) : std::string();
  const auto* found = std::ranges::find_if(nuclides, [&](const NuclideRow& row) {
    const bool by_code = !code_text.empty() && (code_text == row.srt || code_text == row.sct);
    return by_code || (!words.empty() && is_spelling(row, words));
  });
  if (found != nuclides.end()) return &found->nuclide;
  if (!words.empty()) return nullptr;
  // FDG is labelled with nothing else in practice.
  const auto tracer = record.text(path + "Radiopharmaceutical");
  const std::string name = tracer ? letters_and_digits(*tracer) : std::string();
  const bool is_fdg =
      name.find("fdg") != std::string::npos || name.find("fluorodeoxyglucose") != std::string::npos;
  return is_fdg ? &nuclides.front().nuclide : nullptr;
}

Value radionuclide(const InstanceRecord& record) {
  if (const Nuclide* const nuclide = nuclide_of(record)) return known_text(std::string(nuclide->name));
  return unknown_value(
      {"the header names no radionuclide that is known", "图像头信息未说明可识别的放射性核素"});
}

}  // namespace trialgate::rules
