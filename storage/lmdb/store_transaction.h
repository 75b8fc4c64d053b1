#pragma once

#include "storage/lmdb/lmdb_audit_trail.h"
#include "storage/lmdb/lmdb_catalogue.h"
#include "storage/lmdb/lmdb_commitments.h"
#include "storage/lmdb/lmdb_correspondence.h"
#include "storage/lmdb/lmdb_index.h"
#include "storage/lmdb/lmdb_outbox.h"
#include "storage/lmdb/lmdb_performed_steps.h"
#include "storage/store.h"

namespace trialgate::storage {

/// The views of one LMDB transaction, which must outlive it.
class LmdbStoreTransaction final : public Transaction {
 public:
  explicit LmdbStoreTransaction(LmdbTransaction& transaction)
      : index_(transaction),
        outbox_(transaction),
        correspondence_(transaction),
        commitments_(transaction),
        performed_steps_(transaction),
        catalogue_(transaction),
        audit_(transaction) {}

  const Index& index() const override { return index_; }
  const Outbox& outbox() const override { return outbox_; }
  const Correspondence& correspondence() const override { return correspondence_; }
  const Commitments& commitments() const override { return commitments_; }
  const PerformedSteps& performed_steps() const override { return performed_steps_; }
  const Catalogue& catalogue() const override { return catalogue_; }
  const AuditTrail& audit() const override { return audit_; }
  Index& index() override { return index_; }
  Outbox& outbox() override { return outbox_; }
  Correspondence& correspondence() override { return correspondence_; }
  Commitments& commitments() override { return commitments_; }
  PerformedSteps& performed_steps() override { return performed_steps_; }
  Catalogue& catalogue() override { return catalogue_; }
  AuditTrail& audit() override { return audit_; }

 private:
  LmdbIndex index_;
  LmdbOutbox outbox_;
  LmdbCorrespondence correspondence_;
  LmdbCommitments commitments_;
  LmdbPerformedSteps performed_steps_;
  LmdbCatalogue catalogue_;
  LmdbAuditTrail audit_;
};

}  // namespace trialgate::storage
