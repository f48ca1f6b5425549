"""Sandboxes: which is chosen, that none is believed untried, what the filter lets through, and what is shown."""

import dataclasses
import errno
import itertools
import struct
from pathlib import Path

import pytest

from mqlab.cli import doctor
from mqlab.errors import BadInput
from mqlab.grading.process import StudentProcess
from mqlab.grading.sandbox import CLAIMS, POLICIES, TIERS, Launch, SandboxError, choice, choose, probing, seccomp
from mqlab.grading.sandbox.probing import probe
from mqlab.grading.sandbox.visible import PACKAGES, Visible, visible

LIMITS = TIERS["limits"]
PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "0010-an-answer-runs-in-a-worker-and-is-asked.md"


@pytest.fixture
def holding(monkeypatch):
    """Say which tiers hold, instead of trying them."""

    def hold(*names):
        monkeypatch.setattr(probing, "probe", lambda tier: "" if tier.name in names else "not here")

    return hold


# Which is chosen


def test_the_strongest_that_holds_is_chosen(holding):
    holding("bubblewrap", "landlock", "limits")
    assert choose().name == choose("require").name == "bubblewrap"
    holding("landlock", "limits")
    assert choose().name == choose("require").name == "landlock"


def test_limits_are_chosen_only_where_they_are_allowed(holding):
    holding("limits")
    assert choose("auto", allow_limits=True).name == "limits"
    assert choose("limits").name == "limits"
    for policy in ("auto", "require"):
        with pytest.raises(BadInput, match="no sandbox holds here") as caught:
            choose(policy)
        assert "\n" not in str(caught.value)
        assert "bubblewrap: not here; landlock: not here" in str(caught.value)
    with pytest.raises(BadInput, match="no sandbox holds here"):
        choose("require", allow_limits=True)


def test_a_tier_that_is_asked_for_by_name_is_that_one_or_none(holding):
    holding("bubblewrap", "limits")
    with pytest.raises(BadInput, match="landlock: not here"):
        choose("landlock")
    with pytest.raises(BadInput, match="did you mean `landlock`"):
        choose("landlok")
    assert set(POLICIES) == {"auto", "require", *TIERS}


def test_tiers_stand_from_the_strongest_to_the_weakest():
    claims = [tier.claims for tier in TIERS.values()]
    assert all(weaker <= stronger for stronger, weaker in itertools.pairwise(claims))
    assert set.union(*map(set, claims)) == set(CLAIMS)
    assert list(choice.TIERS)[-1] == "limits"


# None is believed untried


@pytest.mark.parametrize("claim", ["files", "writing", "network", "processes"])
def test_a_tier_that_claims_too_much_does_not_hold(claim):
    boastful = dataclasses.replace(LIMITS, claims=LIMITS.claims | {claim}, launch=Launch)
    assert probe(boastful).startswith("a worker in it got hold of ")


def test_a_sandbox_that_does_not_start_does_not_hold():
    command = ("/bin/sh", "-c", "echo no permission >&2; exit 1")
    broken = dataclasses.replace(LIMITS, launch=lambda: Launch(prefix=command))
    assert probe(broken) == "no permission"
    absent = dataclasses.replace(LIMITS, launch=lambda: Launch(prefix=("/no/such/program",)))
    assert "`limits` does not start: " in probe(absent)
    assert probe(dataclasses.replace(LIMITS, absent=lambda: "it needs another machine")) == "it needs another machine"


def test_nothing_of_the_students_runs_if_the_sandbox_cannot_be_set_up(tmp_path):
    broken = dataclasses.replace(LIMITS, launch=lambda: Launch(seccomp=b"\0" * 8))
    source = f"open({str(tmp_path / 'run')!r}, 'w')"
    with StudentProcess(source, tier=broken) as student, pytest.raises(SandboxError, match="could not be set up"):
        student.call("f")
    assert list(tmp_path.iterdir()) == []


def test_doctor_says_which_sandbox_holds(holding):
    holding("bubblewrap", "landlock", "limits")
    found = doctor._sandbox()
    assert (found.state, found.text) == ("good", "bubblewrap holds, and so do landlock and limits")
    holding("limits")
    found = doctor._sandbox()
    assert (found.state, found.text) == ("missing", "limits holds; not bubblewrap: not here; not landlock: not here")
    holding()
    assert doctor._sandbox().text.startswith("none holds, so nothing can be graded; not bubblewrap")


# What the filter lets through


ALLOWED, EPERM, ENOSYS, KILLED = "allowed", "EPERM", "ENOSYS", "killed"


def verdict(machine, number, arguments=(), architecture=None):
    """Run the filter as the kernel does."""
    code = list(struct.iter_unpack("=HBBI", seccomp.filter_program(machine)))
    asked = architecture if architecture is not None else seccomp.ARCHITECTURES[machine]
    data = struct.pack("<IIQ6Q", number, asked, 0, *[*arguments, *[0] * 6][:6])
    at = value = 0
    while True:
        operation, jump_true, jump_false, operand = code[at]
        at += 1
        if operation == seccomp.LOAD:
            (value,) = struct.unpack_from("<I", data, operand)
        elif operation == seccomp.RETURN:
            names = {seccomp.ALLOW: ALLOWED, seccomp.KILL: KILLED}
            refusals = {seccomp.REFUSE | errno.EPERM: EPERM, seccomp.REFUSE | errno.ENOSYS: ENOSYS}
            return (names | refusals)[operand]
        else:
            tests = {
                seccomp.EQUAL: value == operand,
                seccomp.AT_LEAST: value >= operand,
                seccomp.ANY_BIT: bool(value & operand),
            }
            at += jump_true if tests[operation] else jump_false


BOTH = pytest.mark.parametrize("machine", list(seccomp.ARCHITECTURES))
REFUSED = {
    # name: x86-64, AArch64
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "socket": (41, 198),
    "socketpair": (53, 199), "connect": (42, 203), "sendmsg": (46, 211), "ptrace": (101, 117), "kill": (62, 129),
    "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "mount": (165, 40), "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280),
    "io_uring_setup": (425, 425), "keyctl": (250, 219), "add_key": (248, 217), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241), "memfd_create": (319, 279), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180), "open_by_handle_at": (304, 265), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "setsid": (112, 157), "setpgid": (109, 154),
    "chmod": (90, None), "fchmodat": (268, 53), "utimensat": (280, 88), "setxattr": (188, 5), "mkdirat": (258, 34),
    "unlinkat": (263, 35), "renameat2": (316, 276), "linkat": (265, 37), "symlinkat": (266, 36), "truncate": (76, 45),
    "sched_setaffinity": (203, 122), "setuid": (105, 146), "setrlimit": (160, 164), "chroot": (161, 51),
    "personality": (135, 92), "seccomp": (317, 277),
}  # fmt: skip


@BOTH
def test_what_leads_out_is_refused(machine):
    column = list(seccomp.ARCHITECTURES).index(machine)
    found = {name: verdict(machine, numbers[column]) for name, numbers in REFUSED.items() if numbers[column]}
    assert set(found.values()) == {EPERM}, found


@BOTH
def test_what_is_listed_is_allowed_and_nothing_else(machine):
    column = list(seccomp.ARCHITECTURES).index(machine)
    listed = {numbers[column] for numbers in seccomp.ALLOWED.values()} - {None}
    some = {numbers[column] for numbers in seccomp.ARGUMENTS.values()} | {seccomp.CLONE[column]}
    assert len(listed) == sum(numbers[column] is not None for numbers in seccomp.ALLOWED.values())
    for number in range(seccomp.NEWEST + 1):
        if number not in some | {seccomp.CLONE3[column]}:
            assert verdict(machine, number, [2**64 - 1] * 6) == (ALLOWED if number in listed else EPERM)


@BOTH
def test_threads_are_allowed_and_processes_are_not(machine):
    column = list(seccomp.ARCHITECTURES).index(machine)
    assert verdict(machine, seccomp.CLONE[column], [0x3D0F00]) == ALLOWED  # what glibc asks for a thread
    assert verdict(machine, seccomp.CLONE[column], [17]) == EPERM  # SIGCHLD: a fork
    assert verdict(machine, seccomp.CLONE3[column], [0x3D0F00]) == ENOSYS
    assert verdict(machine, seccomp.NEWEST + 1) == ENOSYS


@BOTH
def test_some_calls_depend_on_an_argument(machine):
    column = list(seccomp.ARCHITECTURES).index(machine)
    prctl, prlimit, _, fcntl = [numbers[column] for numbers in seccomp.ARGUMENTS.values()]
    assert (verdict(machine, prctl, [15]), verdict(machine, prctl, [1])) == (ALLOWED, EPERM)  # its name; its death
    assert (verdict(machine, prlimit, [0]), verdict(machine, prlimit, [4000])) == (ALLOWED, EPERM)
    assert (verdict(machine, fcntl, [3, 4]), verdict(machine, fcntl, [3, 8])) == (ALLOWED, EPERM)  # F_SETFL; F_SETOWN


@BOTH
def test_another_architecture_is_killed(machine):
    assert verdict(machine, 0, architecture=0x40000003) == KILLED  # 32-bit x86
    assert verdict(machine, 39) in (ALLOWED, EPERM)


def test_the_second_numbers_of_x86_are_killed():
    assert verdict("x86_64", 0x40000000 + 39) == KILLED


# What is shown


def test_installed_packages_are_not_shown():
    shown = visible()
    assert Path(shown.files[0]).exists()
    for piece in shown.pieces():
        assert not any(part in PACKAGES for part in piece.parts)
        assert not any(hidden.is_relative_to(piece) for hidden in shown.hidden)
        assert not Path(choice.__file__).is_relative_to(piece)


def test_a_folder_with_something_hidden_stands_for_its_entries(tmp_path):
    for name in ("one", "site-packages", "two"):
        (tmp_path / "library" / name).mkdir(parents=True)
    (tmp_path / "other").mkdir()
    shown = Visible(
        files=(tmp_path / "python",),
        folders=(tmp_path / "library", tmp_path / "other"),
        hidden=(tmp_path / "library" / "site-packages",),
    )
    names = {str(piece.relative_to(tmp_path)) for piece in shown.pieces()}
    assert names == {"python", "library/one", "library/two", "other"}


# What is written about it


def claims_table() -> str:
    rows = [["The student's code cannot …", *TIERS], ["---", *("---" for _ in TIERS)]]
    for name, words in CLAIMS.items():
        rows.append([words, *("✓" if name in tier.claims else "–" for tier in TIERS.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def test_the_decision_shows_the_claims_as_they_are():
    assert claims_table() in PAGE.read_text(encoding="utf-8"), f"{PAGE.name} should say:\n\n{claims_table()}"
