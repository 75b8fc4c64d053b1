#pragma once

#include "storage/catalogue.h"
#include "storage/lmdb/environment.h"

namespace trialgate::storage {

/// The Catalogue in LMDB tables. Lives inside one transaction.
class LmdbCatalogue final : public Catalogue {
 public:
  explicit LmdbCatalogue(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<CatalogueStudy>> study(const Shelf& shelf, std::uint64_t submission) const override;
  Result<std::optional<CatalogueSeries>> series(const Shelf& shelf, std::uint64_t submission,
                                                std::string_view series_uid) const override;
  Result<std::optional<CatalogueInstance>> instance(const Shelf& shelf, std::uint64_t submission,
                                                    std::uint32_t series,
                                                    std::string_view sop_instance_uid) const override;
  Result<void> studies(const Shelf& shelf, std::uint64_t after,
                       const std::function<bool(const CatalogueStudy&)>& visit) const override;
  Result<void> keys(const Shelf& shelf, CatalogueKey key, std::string_view from,
                    const std::optional<CataloguePlace>& after,
                    const std::function<bool(const CataloguePlace&)>& visit) const override;
  Result<void> series_of(const Shelf& shelf, std::uint64_t submission, std::string_view after,
                         const std::function<bool(const CatalogueSeries&)>& visit) const override;
  Result<void> instances_of(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                            std::string_view after,
                            const std::function<bool(const CatalogueInstance&)>& visit) const override;
  Result<void> put_study(const Shelf& shelf, const CatalogueStudy& row) override;
  Result<void> put_series(const Shelf& shelf, std::uint64_t submission, const CatalogueSeries& row) override;
  Result<void> put_instance(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                            const CatalogueInstance& row) override;
  Result<void> erase_instance(const Shelf& shelf, std::uint64_t submission, std::uint32_t series,
                              std::string_view sop_instance_uid) override;
  Result<void> erase_study(const Shelf& shelf, std::uint64_t submission) override;

 private:
  LmdbTransaction& transaction_;
};

}  // namespace trialgate::storage
