#pragma once

#include "gateway/catalogue/attributes.h"
#include "storage/store.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// An instance on its way into the catalogue.
struct CataloguedInstance {
  std::uint64_t submission = 0;
  std::string study_uid;
  std::string series_uid;  ///< an instance without one cannot be found and is left out
  std::string sop_instance_uid;
  std::string attributes;  ///< encoded InstanceAttributes
};

/// Puts instances on a shelf, in the caller's transaction: each study and series row is read and written
/// once, however many instances it gets. What is there already stays as it is. Error: corrupt for attributes
/// that cannot be decoded; those of the store.
[[nodiscard]] storage::Result<void> catalogue_instances(storage::Catalogue& catalogue,
                                                        const storage::Shelf& shelf,
                                                        std::span<const CataloguedInstance> instances);

/// Copies what a destination has taken from the derived shelf to its own. What is not on the derived shelf is
/// left out.
[[nodiscard]] storage::Result<void> catalogue_delivered(storage::Transaction& transaction,
                                                        const storage::DeliveryRow& delivery);
/// Takes one instance off the destination's shelf: it turned out not to have it.
[[nodiscard]] storage::Result<void> uncatalogue_delivered(storage::Transaction& transaction,
                                                          const storage::DeliveryRow& delivery);

}  // namespace trialgate::gateway
