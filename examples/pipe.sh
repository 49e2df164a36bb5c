#!/bin/sh
# The lecture's program in one line: the shell does the pipe, fork, dup2, close and exec of examples/pipe.rs.
printf 'hello\npipe\n' | tr a-z A-Z
