# Starting the shell for `-c` with one program, which takes the shell's place.
#: command /bin/true
#: starts 150
