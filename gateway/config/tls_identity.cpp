#include "gateway/config/tls_identity.h"

#include "gateway/config/key_file.h"

#include <openssl/crypto.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>
#include <variant>

namespace trialgate::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours day{24};
constexpr std::chrono::hours warned_before = 30 * day;

/// Changes when one of the files is written or replaced.
std::string state_of(const TlsFiles& files) {
  std::ostringstream text;
  for (const fs::path& file : {files.certificate_file, files.key_file, files.ca_file, files.crl_file}) {
    struct stat status {};
    if (file.empty() || ::stat(file.c_str(), &status) != 0) status = {};
    text << status.st_ino << ' ' << status.st_size << ' ' << status.st_mtim.tv_sec << '.'
         << status.st_mtim.tv_nsec << '\n';
  }
  return text.str();
}

/// False when the file is there to be read and cannot be.
bool read_file(const fs::path& file, std::string& text) {
  if (file.empty()) return true;
  std::ifstream input(file, std::ios::binary);
  if (!input) return false;
  text.assign(std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>());
  return !input.bad();
}

/// The material, or what is wrong.
std::variant<dimse::TlsMaterial, std::string> read_material(const TlsFiles& files) {
  dimse::TlsMaterial material;
  if (!read_file(files.certificate_file, material.certificate_chain))
    return "cannot read the certificate file " + files.certificate_file.string();
  if (!read_file(files.ca_file, material.authorities))
    return "cannot read the CA file " + files.ca_file.string();
  if (!read_file(files.crl_file, material.revocation_lists) ||
      (!files.crl_file.empty() && material.revocation_lists.empty()))
    return "cannot read the CRL file " + files.crl_file.string() + ", or it is empty";
  if (files.key_file.empty()) return material;
  auto key = read_private_file(files.key_file, "the private key file");
  if (auto* problem = std::get_if<std::string>(&key)) return std::move(*problem);
  auto& bytes = std::get<std::vector<std::uint8_t>>(key);
  material.private_key.assign(bytes.begin(), bytes.end());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return material;
}

dimse::Result<std::shared_ptr<const dimse::TlsContext>> read_context(dimse::TlsRole role,
                                                                     const TlsFiles& files) {
  auto read = read_material(files);
  if (auto* problem = std::get_if<std::string>(&read))
    return dimse::fail(dimse::Errc::tls_unusable, std::move(*problem));
  auto& material = std::get<dimse::TlsMaterial>(read);
  auto made = dimse::TlsContext::make(role, material, files.profile);
  OPENSSL_cleanse(material.private_key.data(), material.private_key.size());
  if (!made) {
    const fs::path& named = files.certificate_file.empty() ? files.ca_file : files.certificate_file;
    return dimse::fail(dimse::Errc::tls_unusable, named.string() + ": " + made.error().where);
  }
  return made;
}

std::int64_t days_until(std::chrono::system_clock::time_point at) {
  return std::chrono::floor<std::chrono::days>(at - std::chrono::system_clock::now()).count();
}

}  // namespace

std::string TlsIdentity::load() {
  seen_ = state_of(files_);
  auto read = read_context(role_, files_);
  if (!read) return read.error().message();
  const std::lock_guard lock(mutex_);
  context_ = std::move(*read);
  return {};
}

std::shared_ptr<const dimse::TlsContext> TlsIdentity::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

void TlsIdentity::look(Logger& log) {
  if (state_of(files_) != seen_) {
    const std::string problem = load();
    const std::string file =
        (files_.certificate_file.empty() ? files_.ca_file : files_.certificate_file).string();
    if (problem.empty()) {
      log.event(dimse::Level::info, "tls.reloaded", {{"file", file}});
      next_warning_ = {};
    } else {
      log.event(dimse::Level::error, "tls.not_reloaded", {{"file", file}, {"why", problem}});
    }
  }
  const auto now = std::chrono::system_clock::now();
  if (now < next_warning_) return;
  next_warning_ = now + day;
  warn(log);
}

void TlsIdentity::warn(Logger& log) {
  const auto context = current();
  if (!context) return;
  const auto now = std::chrono::system_clock::now();
  if (const auto& own = context->certificate(); own && own->expires - now < warned_before) {
    log.event(own->expires < now ? dimse::Level::error : dimse::Level::warn, "tls.certificate_expires",
              {{"file", files_.certificate_file.string()},
               {"subject", own->subject},
               {"days_left", days_until(own->expires)}});
  }
  if (const auto& lists = context->lists_expire(); lists && *lists < now) {
    log.event(dimse::Level::error, "tls.revocation_list_expired",
              {{"file", files_.crl_file.string()}, {"days_left", days_until(*lists)}});
  }
}

std::shared_ptr<TlsIdentity> TlsIdentities::get(dimse::TlsRole role, const TlsFiles& files) {
  const auto same = std::ranges::find_if(
      all_, [&](const auto& one) { return one->role() == role && one->files() == files; });
  if (same != all_.end()) return *same;
  all_.push_back(std::make_shared<TlsIdentity>(role, files));
  return all_.back();
}

std::vector<std::string> TlsIdentities::load() const {
  std::vector<std::string> problems;
  for (const auto& identity : all_) {
    if (std::string problem = identity->load(); !problem.empty() && !std::ranges::count(problems, problem))
      problems.push_back(std::move(problem));
  }
  return problems;
}

void TlsIdentities::look(Logger& log) const {
  for (const auto& identity : all_) identity->look(log);
}

}  // namespace trialgate::gateway
