#!/usr/bin/env bash
# Runs one fuzz target: run.sh PROGRAM-FOLDER NAME SECONDS. It begins with the corpus in the repository; what it finds
# beyond stays in the folder, to be merged by `make corpus`. An input that breaks something is kept and named.
set -euo pipefail
folder=$1 name=$2 seconds=$3
corpus=$(dirname "${BASH_SOURCE[0]}")/corpus/$name
found=$folder/found/$name
log=$found.log
mkdir -p "$found"
limit=-max_total_time=$seconds
# However slow the machine, a million changed packets.
if [[ $name == parse && $seconds -lt 60 ]]; then limit=-runs=1000000; fi

# No input of this size has a reason to ask for more memory at once.
if "$folder/fuzz-$name" "$limit" -max_len=8192 -timeout=10 -malloc_limit_mb=64 -rss_limit_mb=2048 \
  -artifact_prefix="$folder/found/$name-" "$found" "$corpus" >"$log" 2>&1; then
  echo "fuzz $name: $(grep -o 'Done [0-9]* runs' "$log"), 0 findings"
else
  tail -n 40 "$log"
  echo "fuzz $name: BROKEN, the input is named above"
  exit 1
fi
