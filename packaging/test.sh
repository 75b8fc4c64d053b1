#!/usr/bin/env bash
# Installs what is missing, builds trialgate and runs every test: the fuzz targets for half a minute each, the unit tests under
# AddressSanitizer and UndefinedBehaviorSanitizer, then the unit, interoperability and fault tests of the release build.
# Ends with ctest's summary; the exit code is 0 only if everything passed.
#   FUZZ_SECONDS=30    how long each fuzz target runs
#   FUZZ_SEED=1        where it begins; the same for every run, so that what fails is owed to the change
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
fuzz_seconds=${FUZZ_SECONDS:-30}
fuzz_seed=${FUZZ_SEED:-1}
cores=$(nproc)
failed=()

stage() { printf '\n== %s (%d s since the start)\n' "$1" "$SECONDS"; }

# Fresh inputs go to a folder of the build; the seeds of the repository are only read.
fuzz() {
  local target=$1 name seeds
  name=$(basename "$target")
  seeds=tests/fuzz/corpus/$name
  mkdir -p "build/fuzz/inputs/$name"
  local arguments=("build/fuzz/inputs/$name")
  [ ! -d "$seeds" ] || arguments+=("$seeds")
  if "$target" -seed="$fuzz_seed" -max_total_time="$fuzz_seconds" -timeout=25 -rss_limit_mb=2560 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "${arguments[@]}" >"build/fuzz/$name.log" 2>&1; then
    echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs, nothing found"
  else
    tail -n 40 "build/fuzz/$name.log"
    echo "fuzz: $name FAILED"
    return 1
  fi
}
export -f fuzz
export fuzz_seconds fuzz_seed

stage "Installing what is missing"
packaging/install.sh test || exit 1

stage "Building the release"
packaging/build.sh release || exit 1

# The node is killed and started again for minutes, most of which it waits: that goes on beside all that follows.
TRIALGATE_PROGRAM=$PWD/build/release/gateway/trialgate timeout 1200 python3 -B tests/faults/kill_test.py >build/release/faults_kill.log 2>&1 &
kill_test=$!
trap 'kill "$kill_test" 2>/dev/null' EXIT

stage "Building the fuzz targets"
if packaging/build.sh fuzz; then
  mapfile -t targets < <(find build/fuzz/tests/fuzz -maxdepth 1 -type f -executable | sort)
  if [ ${#targets[@]} -eq 0 ]; then
    echo "fuzz: there are no targets"
    failed+=(fuzz)
  else
    stage "Fuzzing ${#targets[@]} targets for $fuzz_seconds s each, $cores at a time"
    printf '%s\n' "${targets[@]}" | xargs -P "$cores" -I{} bash -c 'fuzz {}' || failed+=(fuzz)
  fi
else
  failed+=(fuzz)
fi

stage "Building with AddressSanitizer and UndefinedBehaviorSanitizer"
if packaging/build.sh asan-ubsan; then
  stage "Unit tests with the sanitizers"
  ctest --preset asan-ubsan --label-regex '^unit$' --parallel "$cores" || failed+=("unit tests with the sanitizers")
else
  failed+=("build with the sanitizers")
fi

stage "Unit, interoperability and fault tests of the release"
rm -rf build/release/peers
ctest --preset release --exclude-regex '^faults_kill$' --parallel "$cores" || failed+=("tests of the release")
python3 -B tests/interop/peer_table.py build/release/peers | tee build/release/peers.md

stage "The kill test, which began after the build of the release"
wait "$kill_test" || failed+=("kill test")
trap - EXIT
cat build/release/faults_kill.log

if [ ${#failed[@]} -gt 0 ]; then
  printf 'test: FAILED:'
  printf ' %s;' "${failed[@]}"
  echo
  exit 1
fi
