#pragma once

#include "dimse/ul/tls_context.h"

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace trialgate::test {

/// A certificate and its key, as PEM texts.
struct Issued {
  std::string certificate;
  std::string key;
  long serial = 0;
};

/// Days from now, and for whom.
struct Wanted {
  std::string common_name;
  std::string dns_name;  ///< empty: no subjectAltName
  int from_day = -1;
  int to_day = 100;
};

/// A certification authority that is made when a test needs one.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& common_name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  [[nodiscard]] std::string certificate() const;
  [[nodiscard]] Issued issue(const Wanted& wanted);
  /// A revocation list with one serial number on it (0: none), to be renewed in `next_day` days.
  [[nodiscard]] std::string revocation_list(long revoked, int next_day) const;

 private:
  std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)> key_;
  std::unique_ptr<x509_st, void (*)(x509_st*)> certificate_;
  long last_serial_ = 1;
};

}  // namespace trialgate::test
