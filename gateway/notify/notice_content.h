#pragma once

#include "gateway/notify/notice_templates.h"
#include "gateway/pipeline/judge.h"
#include "rules/evaluate/verdict.h"
#include "storage/correspondence.h"
#include "storage/store.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Gathers what a notice about `query` says at the time `now`. Errors: those of the store; corrupt when the
/// verdict cannot be read.
[[nodiscard]] storage::Result<NoticeContent> notice_content(const storage::ReadTransaction& transaction,
                                                            const storage::QueryRow& query,
                                                            rules::Language language, storage::UtcTime now);

/// "1-4, 7, 9-10": instance numbers, ascending, each once; at most `most` ranges, then "…".
[[nodiscard]] std::string ranges_of(std::vector<std::int64_t> numbers, std::size_t most = 20);

/// The text without control characters, which a header value can hold and a mail must not.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace trialgate::gateway
