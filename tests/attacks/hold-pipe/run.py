"""Move a request into a socket that takes no more: who then writes to the pipe waits in the kernel.

The kernel holds the pipe's lock meanwhile. Whoever is still alive at twice the deadline was not
ended at it.
"""

import os
import select
import socket
import struct
import threading
import time

HEADER = struct.Struct("<4sIQ")
HELD_SECONDS = 1.8


def let_go(full):
    time.sleep(HELD_SECONDS)
    print("GOT IT", flush=True)
    while full.recv(1 << 20):
        pass


os.write(4, HEADER.pack(b"REDY", 0, 0))
os.read(3, HEADER.size)
os.write(4, HEADER.pack(b"LOAD", 0, 0))
select.select([3], [], [], 10)
into, full = socket.socketpair()
threading.Thread(target=let_go, args=(full,), daemon=True).start()
for _ in range(100):
    os.splice(3, into.fileno(), 1 << 20)
