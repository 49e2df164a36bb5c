/* What starting a program costs without a shell: vfork, exec and wait, as often as the first argument says. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char *arguments[] = { "/bin/true", NULL };
	extern char **environ;
	long count = argc > 1 ? atol(argv[1]) : 0;

	while (count-- > 0) {
		pid_t pid = vfork();
		if (pid == 0) {
			execve(arguments[0], arguments, environ);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}
