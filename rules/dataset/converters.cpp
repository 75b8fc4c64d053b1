#include "rules/dataset/converters.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 17> code_sets = {
    "ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4",  "ISO-8859-5", "ISO-8859-6",
    "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-15", "TIS-620",    "EUC-JP",
    "EUC-KR",     "GB2312",     "GB18030",    "GBK",         "UTF-8"};
// Most bytes that one byte or character turns into.
constexpr std::size_t growth = 4;
const auto no_converter = reinterpret_cast<iconv_t>(-1);

class Converter {
 public:
  Converter() = default;
  ~Converter() {
    if (handle_ != no_converter) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  void open(std::string_view to, std::string_view from) {
    handle_ = iconv_open(std::string(to).c_str(), std::string(from).c_str());
  }
  [[nodiscard]] bool is_open() const { return handle_ != no_converter; }

  /// A handle has a state and belongs to one thread at a time.
  std::optional<std::string> convert(std::string_view input) {
    const std::scoped_lock lock(mutex_);
    if (!is_open()) return std::nullopt;
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    std::string output(input.size() * growth, '\0');
    char* in = const_cast<char*>(input.data());
    char* out = output.data();
    std::size_t in_left = input.size();
    std::size_t out_left = output.size();
    // A positive count means characters that were replaced by others.
    if (iconv(handle_, &in, &in_left, &out, &out_left) != 0 || in_left != 0) return std::nullopt;
    output.resize(output.size() - out_left);
    return output;
  }

 private:
  iconv_t handle_ = no_converter;
  std::mutex mutex_;
};

class Converters {
 public:
  Converters() {
    for (std::size_t i = 0; i < code_sets.size(); ++i) {
      decoders_[i].open("UTF-8", code_sets[i]);
      encoders_[i].open(code_sets[i], "UTF-8");
    }
  }

  [[nodiscard]] bool complete() const {
    const auto is_open = [](const Converter& converter) { return converter.is_open(); };
    return std::all_of(decoders_.begin(), decoders_.end(), is_open) &&
           std::all_of(encoders_.begin(), encoders_.end(), is_open);
  }

  Converter& decoder(std::string_view code_set) { return decoders_[index(code_set)]; }
  Converter& encoder(std::string_view code_set) { return encoders_[index(code_set)]; }

 private:
  static std::size_t index(std::string_view code_set) {
    const auto found = std::find(code_sets.begin(), code_sets.end(), code_set);
    return static_cast<std::size_t>(found - code_sets.begin()) % code_sets.size();
  }

  std::array<Converter, code_sets.size()> decoders_;
  std::array<Converter, code_sets.size()> encoders_;
};

Converters& converters() {
  static Converters instance;
  return instance;
}

}  // namespace

Result<void> open_converters() {
  if (!converters().complete()) return fail(Errc::invalid_configuration, "character set converters");
  return {};
}

std::optional<std::string> to_utf8(std::string_view code_set, std::span<const std::uint8_t> bytes) {
  return converters().decoder(code_set).convert({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<std::vector<std::uint8_t>> from_utf8(std::string_view code_set, std::string_view text) {
  const auto output = converters().encoder(code_set).convert(text);
  if (!output) return std::nullopt;
  return std::vector<std::uint8_t>(output->begin(), output->end());
}

}  // namespace trialgate::rules
