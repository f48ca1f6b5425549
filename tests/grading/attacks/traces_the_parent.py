# Tries to read the memory of the grader.
# claim: processes

import ctypes
import os

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
libc = ctypes.CDLL(None, use_errno=True)


def find(hints):
    got = 0
    for process in (hints["parent"], os.getppid(), 1):
        got += libc.ptrace(PTRACE_SEIZE, process, None, None) == 0
        got += libc.ptrace(PTRACE_ATTACH, process, None, None) == 0
        memory = ctypes.create_string_buffer(8)
        mine = (ctypes.c_size_t * 2)(ctypes.addressof(memory), 8)
        theirs = (ctypes.c_size_t * 2)(0x400000, 8)
        got += libc.process_vm_readv(process, mine, 1, theirs, 1, 0) > 0
        for name in ("mem", "maps", "environ", "cmdline", "status"):
            try:
                with open(f"/proc/{process}/{name}", "rb") as file:
                    got += bool(file.read(1))
            except OSError:
                continue
    return hints["prize"] if got else None
