#pragma once

#include "storage/lmdb/environment.h"
#include "storage/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::storage {

/// The row under `key`, if there is one. `decode` is one of encode_rows.h.
template <class Row>
Result<std::optional<Row>> get_row(const LmdbTransaction& transaction, Table table, std::string_view key,
                                   Result<Row> (*decode)(std::string_view)) {
  const auto bytes = transaction.get(table, key);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<Row>();
  auto row = decode(**bytes);
  if (!row) return row.error();
  return std::optional<Row>(std::move(*row));
}

/// A row that a secondary key promises. Error: corrupt when it is missing.
template <class Row>
Result<Row> require_row(const LmdbTransaction& transaction, Table table, std::string_view key,
                        Result<Row> (*decode)(std::string_view)) {
  auto row = get_row(transaction, table, key, decode);
  if (!row) return row.error();
  if (!*row) return fail(Errc::corrupt, "a secondary key points to a row that is missing");
  return std::move(**row);
}

/// Opaque bytes under `key`, copied.
inline Result<std::optional<std::string>> get_bytes(const LmdbTransaction& transaction, Table table,
                                                    std::string_view key) {
  const auto bytes = transaction.get(table, key);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<std::string>();
  return std::optional<std::string>(std::string(**bytes));
}

/// The least key that is greater than `key`.
inline std::string just_after(std::string_view key) {
  return std::string(key) + '\0';
}

}  // namespace trialgate::storage
