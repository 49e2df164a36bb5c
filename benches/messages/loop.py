"""The same loops in Python: loop.py sysv|posix blocks|trips COUNT BLOCK; see loop.c."""
import os
import sys

family, loop, count, block = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if family == "sysv":
    import sysv_ipc

    queue = sysv_ipc.MessageQueue(None, sysv_ipc.IPC_CREX)
    queues = [queue]
    transmit = [lambda body: queue.send(body, type=1), lambda body: queue.send(body, type=2)]
    obtain = [lambda: queue.receive(type=1)[0], lambda: queue.receive(type=2)[0]]
else:
    import posix_ipc

    size = {"max_messages": block, "max_message_size": 64}
    queues = [posix_ipc.MessageQueue(f"/loop-{os.getpid()}-{n}", posix_ipc.O_CREX, **size) for n in (0, 1)]
    transmit = [queue.send for queue in queues]
    obtain = [lambda queue=queue: queue.receive()[0] for queue in queues]

if loop == "blocks":
    lines = [b"%d" % n for n in range(1, block + 1)]
    for done in range(0, count, block):
        for line in lines:
            transmit[0](line)
        os.write(1, b"".join(obtain[0]() + b"\n" for line in lines))
elif os.fork() == 0:
    for n in range(count):
        transmit[1](obtain[0]())
    os._exit(0)
else:
    for n in range(count):
        transmit[0](b"%d" % n)
        assert obtain[1]() == b"%d" % n
    os.wait()
    print(count)
for queue in queues:
    if family == "sysv":
        queue.remove()
    else:
        queue.unlink()
        queue.close()
