#!/bin/sh
# Text in a script as somebody's standard input (XCU 2.7.4).
name=world
cat <<END
Hello $name: expanded, because END is not quoted.
END
cat <<'END'
Hello $name: as it stands, because 'END' is quoted.
END
cat <<-END | tr a-z A-Z
	a tab at the start of a line goes away with <<-
	END

# Two on a line: read in the order of their operators.
{ cat; cat <&3; } <<FIRST 3<<SECOND
on descriptor 0
FIRST
on descriptor 3
SECOND
