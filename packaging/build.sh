#!/usr/bin/env bash
# Configures and builds one preset: build.sh PRESET [TARGET...]. Without targets it builds everything of the preset.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?say which preset to build, e.g. release}
shift
targets=()
[ $# -eq 0 ] || targets=(--target "$@")

log=build/$preset/configure.log
mkdir -p "build/$preset"
echo "build: configuring $preset"
cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; echo "build: configuring $preset failed" >&2; exit 1; }
echo "build: compiling $preset"
cmake --build "build/$preset" --parallel "$(nproc)" "${targets[@]}" || { echo "build: compiling $preset failed" >&2; exit 1; }
