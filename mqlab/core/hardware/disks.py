"""Disks behind a page cache: files are appended to in memory, and written back run by run.

    append ─► dirty pages of the file ──submitted──► under way ──served──► on the disk
                     ▲                                   │
                     └── the next append waits ──────────┘   (their last page must not change meanwhile)

- **A run** is what is dirty of a file when it is submitted, in whole pages. The disk serves one at a time: a seek
  (unless it was at this file), then the pages at its sequential bandwidth. So appending to many files at once costs a
  seek for each run, and the less has gathered in a file the dearer a byte is. Nothing else is said about the number of
  files.
- **Write-back**: every so often (Linux: ``vm.dirty_expire_centisecs``, 30 s), and at once when more than the background
  limit is dirty, all that is dirty is put in line. The block layer takes so many requests at a time (``nr_requests``,
  128; a run is cut into requests of 512 KiB); what it has taken is *under way*.
- **Stable pages**: who appends to a file that is under way waits until it is served, because the file's last page is
  being written (Linux since 3.0 where a device or file system needs pages that do not change, ext4 and xfs among them).
- **Dirty limit**: above it every append waits (``vm.dirty_ratio``).
- **fsync**: the file's dirty run goes before what is written back for no one, and the event happens when it is served.
  Those who come meanwhile share the next one (group commit). So many ns more are for the barrier.
- **Reads** that miss the cache cost a seek and their bytes, before everything else.
- **Power** that fails takes what is not served yet; a process that crashes takes nothing.

Simplified: a file lies in one piece, a seek takes the same everywhere (no sorting by place: an elevator would shorten
it), the drive's own cache is off, and reads do not wait behind writes but for the one at work.
"""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.hardware.codes import (
    F_ASKED,
    F_IDLE,
    F_SUBMITTED,
    H_FLUSH,
    H_PASS,
    H_SERVED,
    H_SUBMIT,
    PAGE,
    REQUEST,
    SECOND,
)
from mqlab.core.hardware.jobs import new_job, perform
from mqlab.core.hardware.records import disks, files, jobs, machines
from mqlab.core.heap import push
from mqlab.core.records import runs
from mqlab.jit import State, kernel, seldom

__all__ = [
    "cut_power", "flush_every", "hurry", "must_wait", "pass_over", "read", "served", "submit", "sync", "wait", "write",
]  # fmt: skip


@kernel
def must_wait(s: State, file: int) -> bool:
    """Say whether an append to a file has to wait: its last page is under way, or too much is dirty."""
    f = files(s, file)
    m = machines(s, f["machine"])
    return f["state"] == F_SUBMITTED or (m["dirty_max"] > 0 and m["dirty"] >= m["dirty_max"])


@kernel
def wait(s: State, file: int, kind: int, a: int, b: int, c: int) -> None:
    """Let the event happen when an append to the file may be tried again."""
    f = files(s, file)
    job = new_job(s, 0, 0, kind, a, b, c)
    if f["state"] == F_SUBMITTED:
        if f["wait_head"] < 0:
            f["wait_head"] = job
        else:
            jobs(s, f["wait_tail"])["next"] = job
        f["wait_tail"] = job
        return
    m = machines(s, f["machine"])
    if m["wait_head"] < 0:
        m["wait_head"] = job
    else:
        jobs(s, m["wait_tail"])["next"] = job
    m["wait_tail"] = job


@kernel
def write(s: State, file: int, size: int) -> None:
    """Append ``size`` bytes to a file, in memory."""
    f = files(s, file)
    m = machines(s, f["machine"])
    f["dirty"] = f["dirty"] + size
    m["dirty"] = m["dirty"] + size
    m["written"] = m["written"] + size
    if m["background"] > 0 and m["dirty"] >= m["background"] and m["passing"] == 0:
        m["passing"] = 1
        push(s, runs(s, 0)["now"], RANK_EVENT, H_PASS, int(f["machine"]), int(m["power"]), 1)


@seldom
def sync(s: State, file: int, kind: int, a: int, b: int, c: int) -> None:
    """Let the event happen when all that has been appended to a file so far is on its disk."""
    f = files(s, file)
    if f["dirty"] == 0 and f["state"] != F_SUBMITTED:
        push(s, runs(s, 0)["now"], RANK_EVENT, kind, a, b, c)
        return
    job = new_job(s, 0, 0, kind, a, b, c)
    if f["dirty"] == 0:
        if f["sync_head"] < 0:
            f["sync_head"] = job
        else:
            jobs(s, f["sync_tail"])["next"] = job
        f["sync_tail"] = job
        return
    if f["later_head"] < 0:
        f["later_head"] = job
    else:
        jobs(s, f["later_tail"])["next"] = job
    f["later_tail"] = job
    hurry(s, file)


@kernel
def hurry(s: State, file: int) -> None:
    """Somebody wants what is dirty in a file on its disk: it need not stand in line."""
    f = files(s, file)
    if f["dirty"] == 0:
        return
    if f["quick"] == 1 and f["state"] == F_ASKED:
        return
    f["quick"] = 1
    if f["state"] != F_SUBMITTED:
        f["state"] = F_ASKED
        push(s, runs(s, 0)["now"], RANK_EVENT, H_SUBMIT, file, int(machines(s, f["machine"])["power"]), 1)


@seldom
def flush_every(s: State, file: int, power: int) -> None:
    """The program asks for an fsync of a file at regular intervals, and waits for none of them."""
    f = files(s, file)
    if machines(s, f["machine"])["power"] != power:
        return
    if f["dirty"] > 0 and f["quick"] == 0:
        hurry(s, file)
    push(s, runs(s, 0)["now"] + f["every"], RANK_EVENT, H_FLUSH, file, power, 0)


@seldom
def pass_over(s: State, machine: int, power: int, extra: int) -> None:
    """Put all that is dirty on a machine in line for its disk; ``extra``: because there is much of it."""
    m = machines(s, machine)
    if m["power"] != power:
        return
    if extra == 0 and m["writeback"] > 0:
        push(s, runs(s, 0)["now"] + m["writeback"], RANK_EVENT, H_PASS, machine, power, 0)
    for file in range(m["first_file"], m["first_file"] + m["files"]):
        f = files(s, file)
        if f["dirty"] > 0 and f["state"] == F_IDLE and f["lined"] == 0:
            f["lined"] = 1
            f["behind"] = -1
            d = disks(s, f["disk"])
            if d["line_head"] < 0:
                d["line_head"] = file
            else:
                files(s, d["line_tail"])["behind"] = file
            d["line_tail"] = file
    m["passing"] = 0
    for disk in range(m["first_disk"], m["first_disk"] + m["disks"]):
        _take_in(s, disk)
        if disks(s, disk)["line_head"] >= 0:
            m["passing"] = 1


@kernel
def _requests(run: int) -> int:
    return (run + REQUEST - 1) // REQUEST


@kernel
def _take_in(s: State, disk: int) -> None:
    """Submit files from the line as far as the block layer takes their requests."""
    d = disks(s, disk)
    while d["line_head"] >= 0 and d["submitted"] < d["depth"]:
        file = int(d["line_head"])
        f = files(s, file)
        d["line_head"] = f["behind"]
        f["lined"] = 0
        if f["state"] == F_IDLE and f["dirty"] > 0:  # else somebody who waited was quicker
            f["state"] = F_ASKED
            f["asked"] = _requests(int(f["dirty"]))
            d["submitted"] = d["submitted"] + f["asked"]
            push(s, runs(s, 0)["now"], RANK_EVENT, H_SUBMIT, file, int(machines(s, d["machine"])["power"]), 0)
    if d["line_head"] < 0:
        machines(s, d["machine"])["passing"] = 0


@kernel
def submit(s: State, file: int, power: int, quick: int) -> bool:
    """The dirty pages of a file go to its disk; say whether they do (somebody may have been quicker)."""
    f = files(s, file)
    if machines(s, f["machine"])["power"] != power:
        return False
    d = disks(s, f["disk"])
    if quick == 0:
        d["submitted"] = d["submitted"] - f["asked"]
        f["asked"] = 0
    if f["state"] != F_ASKED or f["quick"] != quick or f["dirty"] == 0:
        return False
    f["state"] = F_SUBMITTED
    f["run"] = f["dirty"]
    f["dirty"] = 0
    f["sync_head"] = f["later_head"]
    f["sync_tail"] = f["later_tail"]
    f["later_head"] = -1
    f["later_tail"] = -1
    f["next"] = -1
    d["submitted"] = d["submitted"] + _requests(int(f["run"]))
    if quick == 1:
        if d["quick_head"] < 0:
            d["quick_head"] = file
        else:
            files(s, d["quick_tail"])["next"] = file
        d["quick_tail"] = file
    else:
        if d["run_head"] < 0:
            d["run_head"] = file
        else:
            files(s, d["run_tail"])["next"] = file
        d["run_tail"] = file
    _serve(s, int(f["disk"]))
    return True


@kernel
def read(s: State, file: int, size: int, kind: int, a: int, b: int, c: int) -> None:
    """Read ``size`` bytes of a file that are not in memory any more."""
    disk = int(files(s, file)["disk"])
    d = disks(s, disk)
    job = new_job(s, size, 0, kind, a, b, c)
    jobs(s, job)["file"] = file
    if d["read_head"] < 0:
        d["read_head"] = job
    else:
        jobs(s, d["read_tail"])["next"] = job
    d["read_tail"] = job
    _serve(s, disk)


@kernel
def _serve(s: State, disk: int) -> None:
    """A disk that has nothing to do takes the next thing: a read, a run that somebody waits for, any run."""
    d = disks(s, disk)
    if d["busy"] == 1:
        return
    extra = 0
    if d["read_head"] >= 0:
        j = jobs(s, d["read_head"])
        file = int(j["file"])
        size = int(j["size"])
        d["serving"] = -1
        d["reads"] = d["reads"] + 1
    elif d["quick_head"] >= 0 or d["run_head"] >= 0:
        if d["quick_head"] >= 0:
            file = int(d["quick_head"])
            d["quick_head"] = files(s, file)["next"]
            extra = int(d["fsync"])
            d["fsyncs"] = d["fsyncs"] + 1
        else:
            file = int(d["run_head"])
            d["run_head"] = files(s, file)["next"]
        size = int((files(s, file)["run"] + PAGE - 1) // PAGE * PAGE)
        d["serving"] = file
    else:
        return
    takes = extra
    if d["bandwidth"] > 0:
        takes += int(size * SECOND // d["bandwidth"])
    if d["last"] != file:
        d["last"] = file
        d["seeks"] = d["seeks"] + 1
        takes += int(d["seek"])
    d["bytes"] = d["bytes"] + size
    d["busy"] = 1
    run = runs(s, 0)
    counted = min(run["now"] + takes, run["end"]) - max(run["now"], run["warmup"])
    if counted > 0:
        d["busy_ns"] = d["busy_ns"] + counted
    push(s, run["now"] + takes, RANK_EVENT, H_SERVED, disk, int(machines(s, d["machine"])["power"]), 0)


@kernel
def served(s: State, disk: int, power: int) -> int:
    """A disk has done what it was at; return the file that is written back, or -1."""
    d = disks(s, disk)
    m = machines(s, d["machine"])
    if m["power"] != power:
        return -1
    d["busy"] = 0
    file = int(d["serving"])
    if file < 0:
        d["read_head"] = perform(s, int(d["read_head"]))
        _serve(s, disk)
        return -1
    f = files(s, file)
    f["state"] = F_IDLE
    f["quick"] = 0
    m["dirty"] = m["dirty"] - f["run"]
    d["submitted"] = d["submitted"] - _requests(int(f["run"]))
    f["run"] = 0
    while f["sync_head"] >= 0:
        f["sync_head"] = perform(s, int(f["sync_head"]))
    while f["wait_head"] >= 0:
        f["wait_head"] = perform(s, int(f["wait_head"]))
    if m["dirty"] < m["dirty_max"]:
        while m["wait_head"] >= 0:
            m["wait_head"] = perform(s, int(m["wait_head"]))
    if f["later_head"] >= 0:
        hurry(s, file)
    _take_in(s, disk)
    _serve(s, disk)
    return file


@seldom
def cut_power(s: State, machine: int) -> None:
    """A machine's memory is empty: what was dirty or under way is gone, and those who waited look for themselves."""
    m = machines(s, machine)
    m["power"] = m["power"] + 1
    m["dirty"] = 0
    m["passing"] = 0
    m["written"] = 0
    while m["wait_head"] >= 0:
        m["wait_head"] = perform(s, int(m["wait_head"]))
    for disk in range(m["first_disk"], m["first_disk"] + m["disks"]):
        d = disks(s, disk)
        d["busy"] = 0
        d["submitted"] = 0
        d["line_head"] = -1
        d["run_head"] = -1
        d["quick_head"] = -1
        while d["read_head"] >= 0:
            d["read_head"] = perform(s, int(d["read_head"]))
    for file in range(m["first_file"], m["first_file"] + m["files"]):
        f = files(s, file)
        f["state"] = F_IDLE
        f["quick"] = 0
        f["lined"] = 0
        f["asked"] = 0
        f["dirty"] = 0
        f["run"] = 0
        while f["wait_head"] >= 0:
            f["wait_head"] = perform(s, int(f["wait_head"]))
        while f["sync_head"] >= 0:
            f["sync_head"] = perform(s, int(f["sync_head"]))
        while f["later_head"] >= 0:
            f["later_head"] = perform(s, int(f["later_head"]))
        if f["every"] > 0:
            push(s, runs(s, 0)["now"] + f["every"], RANK_EVENT, H_FLUSH, file, int(m["power"]), 0)
    if m["writeback"] > 0:
        push(s, runs(s, 0)["now"] + m["writeback"], RANK_EVENT, H_PASS, machine, int(m["power"]), 0)
