/* What a round trip costs without a shell: a server that answers procedure 0 with send and recv and nothing else, and a client that calls it.
   `round_trip` serves and tells its port on standard error; `round_trip PORT CALLS` calls. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int on = 1;

static int serve(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&at, length) || listen(listener, 5)
	    || getsockname(listener, (struct sockaddr *)&at, &length))
		return 1;
	fprintf(stderr, "listening on tcp:127.0.0.1:%d\n", ntohs(at.sin_port));
	for (;;) {
		char call[4096], reply[28] = { (char)0x80, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 1 };
		int client = accept(listener, NULL, NULL);

		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		while (recv(client, call, sizeof call, 0) > 0) {
			memcpy(reply + 4, call + 4, 4);
			if (send(client, reply, sizeof reply, MSG_NOSIGNAL) < 0)
				break;
		}
		close(client);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned call[11] = { htonl(0x80000000 | 40), 0, 0, htonl(2), htonl(0x20000042), htonl(1) };
	int server = socket(AF_INET, SOCK_STREAM, 0);

	if (argc < 3)
		return serve();
	at.sin_port = htons(atoi(argv[1]));
	if (connect(server, (struct sockaddr *)&at, sizeof at))
		return 1;
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	for (int xid = 1; xid <= atoi(argv[2]); xid++) {
		unsigned reply[7];

		call[1] = htonl(xid);
		if (send(server, call, sizeof call, 0) != sizeof call
		    || recv(server, reply, sizeof reply, MSG_WAITALL) != sizeof reply || reply[1] != call[1])
			return 1;
	}
	return 0;
}
