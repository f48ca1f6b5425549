"""Small numbers with names that only hardware has."""

from __future__ import annotations

# fmt: off

# --- heap events; the program's loop hands them on --------------------------------------------------------------------
H_NET = 500         # a: stamp                                        a transfer ends, or the shares change
H_SUBMIT = 501      # a: file                                         its dirty pages go to the disk
H_SERVED = 502      # a: disk, b: its power                           the disk has done what it was at
H_PASS = 503        # a: machine, b: its power                        the system writes back what is dirty
H_FLUSH = 504       # a: file, b: its machine's power                 the program asks for an fsync
H_LAST = H_FLUSH

# --- where the dirty pages of a file are (File.state) ----------------------------------------------------------------
F_IDLE, F_ASKED, F_SUBMITTED = 0, 1, 2

PAGE = 4096
REQUEST = 512 * 1024
"""The largest request of a disk; a run of dirty pages is cut into so many of them."""
SECOND = 1_000_000_000
# fmt: on
