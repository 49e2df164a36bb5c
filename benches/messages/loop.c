/* The same loops in C: loop sysv|posix blocks|trips COUNT BLOCK. `blocks` sends the lines 1 ... BLOCK as messages, receives and prints them, until
   COUNT have passed; `trips` sends a number to a second process, which sends it back. */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

static struct { long type; char body[8192]; } message;
static int sysv, id;
static mqd_t queue[2];

static void die(const char *call) { perror(call); exit(1); }

static void transmit(int to, const char *body, size_t length)
{
	message.type = to + 1;
	memcpy(message.body, body, length);
	if (sysv ? msgsnd(id, &message, length, 0) : mq_send(queue[to], message.body, length, 0))
		die("send");
}

static size_t obtain(int from)
{
	ssize_t length = sysv ? msgrcv(id, &message, sizeof message.body, from + 1, 0)
			      : mq_receive(queue[from], message.body, sizeof message.body, NULL);
	if (length < 0)
		die("receive");
	return length;
}

static void blocks(long count, long block)
{
	char *out = malloc(16 * block), (*line)[16] = malloc(16 * block);

	for (long n = 0; n < block; n++)
		sprintf(line[n], "%ld", n + 1);
	for (long done = 0; done < count; done += block) {
		size_t filled = 0;
		for (long n = 0; n < block; n++)
			transmit(0, line[n], strlen(line[n]));
		for (long n = 0; n < block; n++) {
			size_t length = obtain(0);
			memcpy(out + filled, message.body, length);
			filled += length;
			out[filled++] = '\n';
		}
		if (write(1, out, filled) != (ssize_t)filled)
			die("write");
	}
}

static void trips(long count)
{
	char text[16];

	if (fork() == 0) {
		while (count-- > 0) {
			size_t length = obtain(0);
			transmit(1, message.body, length);
		}
		_exit(0);
	}
	for (long n = 0; n < count; n++) {
		size_t length = sprintf(text, "%ld", n);
		transmit(0, text, length);
		if (obtain(1) != length || memcmp(message.body, text, length))
			die("reply");
	}
	wait(NULL);
	printf("%ld\n", count);
}

int main(int words, char **word)
{
	if (words < 5)
		return 2;
	long count = atol(word[3]), block = atol(word[4]);
	char name[2][32];

	sysv = !strcmp(word[1], "sysv");
	if (sysv && (id = msgget(IPC_PRIVATE, 0600)) < 0)
		die("msgget");
	for (int n = 0; !sysv && n < 2; n++) {
		struct mq_attr size = { .mq_maxmsg = block, .mq_msgsize = 64 };
		sprintf(name[n], "/loop-%d-%d", (int)getpid(), n);
		if ((queue[n] = mq_open(name[n], O_RDWR | O_CREAT, 0600, &size)) == (mqd_t)-1)
			die("mq_open");
	}
	if (!strcmp(word[2], "blocks"))
		blocks(count, block);
	else
		trips(count);
	if (sysv)
		return msgctl(id, IPC_RMID, NULL);
	return mq_unlink(name[0]) | mq_unlink(name[1]);
}
