# Tries to remember a number across a crash in shared memory that outlives processes.
# claim: restart
# works in: limits

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
KEY, CREATE = 0x6D716C62, 0o1000 | 0o666


def tell(number, folder):
    place = libc.shmat(libc.shmget(KEY, 4096, CREATE), None, 0)
    if place not in (None, 2**64 - 1):
        ctypes.memmove(place, str(number).encode().ljust(20), 20)


def recall(folder):
    shared = libc.shmget(KEY, 4096, 0o666)
    place = libc.shmat(shared, None, 0)
    if place in (None, 2**64 - 1):
        return None
    libc.shmctl(shared, 0, None)
    return int(ctypes.string_at(place, 20))
