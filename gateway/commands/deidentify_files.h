#pragma once

#include "gateway/worker/worker_pool.h"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct DeidentifyOptions {
  std::filesystem::path trial;     ///< trial file
  std::filesystem::path key_file;  ///< see read_key_file()
  std::string site;                ///< empty: looked up in the register by patient
  std::string subject;             ///< only instances of this subject ID; empty: of any registered one
  std::vector<std::filesystem::path> paths;  ///< files and folders
  std::filesystem::path output;              ///< folder, made when it is not there
  bool json = false;
  bool progress = false;  ///< `err` is a terminal
  WorkerPoolConfig workers;
};

/// `trialgate deidentify`: what the node does to released instances, for files. The verdict does not matter:
/// whether they should be used is not this command's question. Writes one Part 10 file an instance, named by
/// its new SOP Instance UID, and overwrites nothing. Results on `out`, mistakes and progress on `err`.
/// Returns exit_ok: everything was written; exit_findings: some files were refused; exit_could_not.
[[nodiscard]] int deidentify_command(const DeidentifyOptions& options, std::ostream& out, std::ostream& err);

}  // namespace trialgate::gateway
