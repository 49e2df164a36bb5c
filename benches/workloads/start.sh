# Starting the shell for a script with one command.
#: starts 300
:
