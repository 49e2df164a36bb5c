/* A peer in C: peer sysv-send KEY TYPE | sysv-recv KEY TYPE | posix-send NAME PRIORITY | posix-recv NAME. Bodies are standard input and output. */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

static struct { long type; char body[65536]; } message;

static int failed(const char *call) { perror(call); return 1; }

int main(int count, char **word) {
    if (count < 3) return 2;
    int number = count > 3 ? atoi(word[3]) : 0;
    ssize_t size = 0;
    if (strstr(word[1], "-send"))
        for (ssize_t more; (more = read(0, message.body + size, sizeof message.body - size)) > 0;) size += more;
    if (!strncmp(word[1], "sysv", 4)) {
        int queue = msgget((key_t)strtoul(word[2], 0, 0), IPC_CREAT | 0600);
        if (queue < 0) return failed("msgget");
        message.type = number;
        if (!strcmp(word[1], "sysv-send")) return msgsnd(queue, &message, size, 0) ? failed("msgsnd") : 0;
        if ((size = msgrcv(queue, &message, sizeof message.body, number, 0)) < 0) return failed("msgrcv");
        fprintf(stderr, "type %ld\n", message.type);
    } else {
        mqd_t queue = mq_open(word[2], O_RDWR | O_CREAT, 0600, 0);
        if (queue == (mqd_t)-1) return failed("mq_open");
        if (!strcmp(word[1], "posix-send")) return mq_send(queue, message.body, size, number) ? failed("mq_send") : 0;
        unsigned priority;
        if ((size = mq_receive(queue, message.body, sizeof message.body, &priority)) < 0) return failed("mq_receive");
        fprintf(stderr, "priority %u\n", priority);
    }
    return write(1, message.body, size) == size ? 0 : failed("write");
}
