#include "gateway/commands/open_store.h"

#include "gateway/config/node_config.h"

#include <variant>

namespace trialgate::gateway {

storage::Result<std::filesystem::path> store_folder(const StoreChoice& choice) {
  if (!choice.store.empty()) return choice.store;
  if (choice.config.empty()) {
    return storage::fail(storage::Errc::invalid_argument,
                         "name the store with --config NODE.yaml or --store FOLDER");
  }
  auto config = load_node_config(choice.config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&config)) {
    return storage::fail(storage::Errc::invalid_argument, errors->front().to_string());
  }
  return std::get<NodeConfig>(config).store;
}

storage::Result<std::unique_ptr<storage::Store>> open_store(const StoreChoice& choice, storage::Access access,
                                                            storage::FileSystem& files) {
  auto folder = store_folder(choice);
  if (!folder) return folder.error();
  storage::StoreConfig config;
  config.directory = folder->string();
  config.access = access;
  return storage::Store::open(config, files);
}

}  // namespace trialgate::gateway
