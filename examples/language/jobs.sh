#!/bin/sh
# Processes in the background: $! names one, wait collects its status, a signal's number comes back as 128 + n.
trap 'kill $(jobs -p) 2>/dev/null' EXIT           # what is started here ends with the script,
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # also when a signal ends it
(exit 3) &
first=$!
sleep 60 &
second=$!
wait "$first"
echo "the first ended with $?"
kill -TERM "$second"
wait "$second"
status=$?
echo "the second ended with $status: SIG$(kill -l $status)"

# A pipeline has the status of its last command, unless pipefail asks for the last one that failed.
false | true
echo "without pipefail: $?"
set -o pipefail
false | true
echo "with pipefail: $?"
