#include "rules/trial/csv.h"

#include <optional>

namespace trialgate::rules {
namespace {

class CsvReader {
 public:
  CsvReader(std::string_view text, std::string_view file, std::vector<ConfigError>& errors)
      : text_(text), file_(file), errors_(errors) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  }

  [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }

  /// One record. Nothing for a blank line, a comment, or a record with a mistake.
  std::optional<CsvRow> row() {
    if (text_[position_] == '#') {
      skip_line();
      return std::nullopt;
    }
    CsvRow fields;
    for (;;) {
      auto field = at_quote() ? quoted_field() : plain_field();
      if (!field) {
        skip_line();
        return std::nullopt;
      }
      fields.push_back(std::move(*field));
      if (!at_end() && text_[position_] == ',') {
        ++position_;
        continue;
      }
      end_line();
      break;
    }
    if (fields.size() == 1 && fields.front().text.empty()) return std::nullopt;
    return fields;
  }

 private:
  [[nodiscard]] bool at_quote() const { return !at_end() && text_[position_] == '"'; }
  [[nodiscard]] std::size_t column() const { return position_ - line_start_ + 1; }

  void error(std::string message) { error_at(line_, column(), std::move(message)); }
  void error_at(std::size_t line, std::size_t column, std::string message) {
    errors_.push_back({std::string(file_), line, column, std::move(message)});
  }

  [[nodiscard]] bool at_line_end() const {
    return at_end() || text_[position_] == '\n' || text_.substr(position_).starts_with("\r\n");
  }

  void end_line() {
    if (at_end()) return;
    position_ += text_[position_] == '\r' ? 2 : 1;
    ++line_;
    line_start_ = position_;
  }

  void skip_line() {
    while (!at_line_end()) ++position_;
    end_line();
  }

  std::optional<CsvField> plain_field() {
    CsvField field{{}, line_, column()};
    const std::size_t start = position_;
    for (; !at_line_end() && text_[position_] != ','; ++position_) {
      if (text_[position_] == '"') {
        error("a double quote inside a field; expected the whole field in quotes, with this one doubled");
        return std::nullopt;
      }
      if (text_[position_] == '\0') {
        error("a NUL byte; expected text in UTF-8");
        return std::nullopt;
      }
    }
    field.text = text_.substr(start, position_ - start);
    return field;
  }

  std::optional<CsvField> quoted_field() {
    CsvField field{{}, line_, column()};
    for (++position_; !at_end(); ++position_) {
      const char c = text_[position_];
      if (c == '"') {
        ++position_;
        if (!at_quote()) {
          if (at_line_end() || text_[position_] == ',') return field;
          error("text after a closing quote; expected a comma or the end of the line");
          return std::nullopt;
        }
      }
      if (c == '\n') {
        ++line_;
        line_start_ = position_ + 1;
      }
      field.text += c;
    }
    error_at(field.line, field.column, "a quote that is never closed");
    return std::nullopt;
  }

  std::string_view text_;
  std::string_view file_;
  std::vector<ConfigError>& errors_;
  std::size_t position_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
};

}  // namespace

std::vector<CsvRow> parse_csv_rows(std::string_view text, std::string_view file,
                                   std::vector<ConfigError>& errors) {
  CsvReader reader(text, file, errors);
  std::vector<CsvRow> rows;
  while (!reader.at_end()) {
    if (auto row = reader.row()) rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace trialgate::rules
