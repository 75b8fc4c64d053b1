#pragma once

#include "storage/file_system.h"
#include "storage/store.h"

#include <filesystem>
#include <memory>
#include <string>

namespace trialgate::gateway {

/// How a command names the store: by the node's file, or by its folder.
struct StoreChoice {
  std::filesystem::path config;  ///< node file
  std::filesystem::path store;   ///< goes before config
};

/// The folder that `choice` names. Errors: invalid_argument, one sentence that says what is wrong with the
/// node file.
[[nodiscard]] storage::Result<std::filesystem::path> store_folder(const StoreChoice& choice);

/// Opens the store beside a running node. `files` must outlive it.
[[nodiscard]] storage::Result<std::unique_ptr<storage::Store>> open_store(const StoreChoice& choice,
                                                                          storage::Access access,
                                                                          storage::FileSystem& files);

}  // namespace trialgate::gateway
