#include "gateway/version.h"

#include <cstdio>
#include <string>

int main() {
  std::printf("trialgate %s\n", std::string(trialgate::gateway::program_version()).c_str());
}
