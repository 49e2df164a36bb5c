#!/bin/sh
# From a word to fields (POSIX.1-2024, XCU 2.6): tilde, parameters, commands, arithmetic; field splitting; file names; quotes.
show() { printf '%d:' $#; printf ' <%s>' "$@"; echo; }

name='two words'
show $name              # unquoted: split into fields
show "$name"            # quoted: one field
show "${name%% *}" "${name#* }"     # what stands before the first blank, and behind it
show ${unset-default value} ${name:+set}
show $((6 * 7)) "$(echo from a command)"

set -- 'a b' c          # "$@" keeps the parameters as they are
show "$@"
show $@
show "$*"

IFS=:                   # the separators are data as well
path=/usr/bin::/bin
show $path
