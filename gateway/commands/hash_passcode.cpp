#include "gateway/commands/hash_passcode.h"

#include "gateway/commands/exit_status.h"
#include "gateway/receive/passcode.h"

#include <openssl/crypto.h>

#include <termios.h>
#include <unistd.h>

#include <istream>
#include <ostream>
#include <string>

namespace trialgate::gateway {
namespace {

/// The terminal shows nothing of what is typed, as long as it lives.
class HiddenTyping {
 public:
  HiddenTyping() : is_terminal_(::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;
  ~HiddenTyping() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool is_terminal() const noexcept { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_;
};

}  // namespace

int hash_passcode_command(std::istream& in, std::ostream& out, std::ostream& err) {
  std::string passcode;
  {
    const HiddenTyping hidden;
    if (hidden.is_terminal()) err << "Passcode: " << std::flush;
    std::getline(in, passcode);
    if (hidden.is_terminal()) err << '\n';
  }
  if (passcode.ends_with('\r')) passcode.pop_back();
  if (passcode.empty()) {
    err << "trialgate: no passcode; expected it on the first line of the standard input\n";
    return exit_could_not;
  }
  const std::string hash = hash_passcode(passcode);
  OPENSSL_cleanse(passcode.data(), passcode.size());
  if (hash.empty()) {
    err << "trialgate: the passcode could not be hashed\n";
    return exit_could_not;
  }
  out << hash << '\n';
  return exit_ok;
}

}  // namespace trialgate::gateway
