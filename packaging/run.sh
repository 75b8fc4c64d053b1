#!/usr/bin/env bash
# Installs what is missing, builds trialgate, starts it with the sample trial and an archive beside it, sends it sample studies
# and shows what became of each. Stays up until Ctrl-C.
#   run.sh                  keeps everything in build/demo
#   run.sh --once           works in a temporary folder and ends after the summary; 0 only if every outcome was the expected one
#   run.sh --directory DIR  keeps everything in DIR
set -euo pipefail
cd "$(dirname "$0")/.."
case " $* " in *" --help "* | *" -h "*) exec sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' packaging/run.sh ;; esac

packaging/install.sh run
packaging/build.sh release trialgate
exec python3 packaging/demo.py --node build/release/gateway/trialgate "$@"
