"""Move an empty socket into the pipe of answers: who then reads from the pipe waits in the kernel.

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


def let_go(other):
    time.sleep(HELD_SECONDS)
    print("GOT IT", flush=True)
    other.send(b"x")


os.write(4, HEADER.pack(b"REDY", 0, 0))
os.read(3, HEADER.size)
os.write(4, HEADER.pack(b"LOAD", 0, 0))
select.select([3], [], [], 10)
empty, other = socket.socketpair()
threading.Thread(target=let_go, args=(other,), daemon=True).start()
os.sendfile(4, empty.fileno(), None, 1)
