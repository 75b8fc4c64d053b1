// `trialgate worker` without the rest of the program.
#include "gateway/worker/job_table.h"

int main() {
  return trialgate::gateway::run_worker(trialgate::gateway::instance_job_table());
}
