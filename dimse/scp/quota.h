#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace trialgate::dimse {

/// Counts what is in use under a name and refuses more than a limit. Thread-safe.
class Quota {
 public:
  /// One of a limited number; gives itself back. May outlive the Quota.
  class [[nodiscard]] Unit {
   public:
    Unit(Unit&&) noexcept = default;
    Unit& operator=(Unit&&) = delete;
    ~Unit();

   private:
    friend class Quota;
    struct Counts {
      std::mutex mutex;
      std::map<std::string, std::size_t> in_use;
    };
    Unit(std::shared_ptr<Counts> counts, std::string name)
        : counts_(std::move(counts)), name_(std::move(name)) {}

    std::shared_ptr<Counts> counts_;
    std::string name_;
  };

  /// nullopt if `limit` units of `name` are in use.
  [[nodiscard]] std::optional<Unit> take(const std::string& name, std::size_t limit);
  [[nodiscard]] std::size_t in_use(const std::string& name) const;

 private:
  std::shared_ptr<Unit::Counts> counts_ = std::make_shared<Unit::Counts>();
};

}  // namespace trialgate::dimse
