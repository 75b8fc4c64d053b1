#pragma once

#include "storage/store.h"

#include <functional>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Answers for every instance whether this node can commit itself to it: reads its bytes again and compares
/// their SHA-256 with the index. Sets the failure reasons: 0112H when the site has sent no such instance
/// (another site's does not exist for it), 0119H when it is of another SOP class, 0110H when its bytes are
/// not what they were. Of an instance that came with several contents all must be sound. Blocks for as long
/// as the reading takes; `go_on` is asked between instances, and false ends it with not_accepting. Other
/// errors: those of the index. Returns the blobs that are damaged.
[[nodiscard]] storage::Result<std::vector<storage::Digest>> check_instances(
    const storage::Store& store, std::string_view site, std::vector<storage::CommitmentItem>& items,
    const std::function<bool()>& go_on);

}  // namespace trialgate::gateway
