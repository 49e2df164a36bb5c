#!/bin/sh
# Processes in the background: $! names one, wait collects its status, a signal's number comes back as 128 + n.
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
