#pragma once

#include "gateway/worker/instance_workers.h"
#include "storage/file_system.h"
#include "storage/result.h"

#include <string>

namespace trialgate::gateway {

/// Writes a de-identified instance as a Part 10 file "<new SOP Instance UID>.dcm" into `folder`: fresh file
/// meta information, prefix, the pixel range of `source` or the new pixels, suffix. The file appears complete
/// and durable, or not at all; an existing one is never touched. Returns its name. Errors: invalid_argument
/// (a file with that name is there), corrupt (the bytes are not those that the worker saw), io_error,
/// no_space.
[[nodiscard]] storage::Result<std::string> write_derived_file(storage::FileSystem& files,
                                                              const storage::Directory& folder,
                                                              const DeidentifiedInstance& derived,
                                                              int source);

}  // namespace trialgate::gateway
