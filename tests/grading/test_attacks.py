"""Submissions that try to get points without an answer: nothing is gained in any sandbox that claims to stop them."""

import dataclasses
import os
import resource
import time
from pathlib import Path

import pytest

from mqlab.grading import interpreter
from mqlab.grading.budget import Limits
from mqlab.grading.exercises import exercise
from mqlab.grading.judging import judge
from mqlab.grading.process import StudentProcess
from mqlab.grading.sandbox import CLAIMS, TIERS, Launch
from mqlab.grading.sandbox.probing import probe
from mqlab.grading.seeds import PUBLIC_SEEDS, hidden_seeds
from tests.grading.attacking import attacks, hidden_number, open_folder

ATTACKS = attacks()
LIMITS = Limits(call_s=0.25, question_s=0.4, cpu_s=3.0)
HIDDEN = hidden_seeds(b"a secret of the tests only", "hidden-number")
PLACES = [Path(place) for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", ".")]
GROWTH_BYTES_MAX = 64 << 20



CLAIMED = [
    pytest.param(tier, attack, id=f"{tier.name}-{attack.name}")
    for tier in TIERS.values()
    for attack in ATTACKS
    if attack.claim in tier.claims
]


def skip_unless_it_holds(tier):
    reason = probe(tier)
    if reason:
        pytest.skip(f"{tier.name} does not hold here: {reason}")


@pytest.fixture(scope="module")
def loaded():
    """Have all in memory that an exercise needs for itself, so that what an attack adds can be told."""
    idle = "class Desk:\n    def __init__(self, bank): pass\n    def deliver(self, *message): pass"
    graded(idle, TIERS["limits"], exercise("charge-once"), limits=Limits())


@pytest.fixture
def folder():
    with open_folder() as folder:
        yield folder


@pytest.fixture(autouse=True)
def marked(monkeypatch):
    """Give workers a mark of this test in their command line, by which those left over are found."""
    mark = f"# attack {os.getpid()} {time.monotonic_ns()}"
    monkeypatch.setattr(interpreter, "BOOT", interpreter.BOOT + mark)
    interpreter.python.cache_clear()
    yield mark.encode()
    interpreter.python.cache_clear()


def left_over(mark: bytes) -> list[str]:
    """Processes that carry the mark; a process that is just ending has no command line any more."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if mark in (folder / "cmdline").read_bytes():
                    found.append(folder.name)
            except OSError:
                continue
    return found


def files_left() -> list[Path]:
    return [file for place in PLACES if place.is_dir() for file in place.glob("mqlab-attack*")]


def memory_peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def graded(source, tier, task, seeds=HIDDEN, limits=LIMITS):
    return judge(task, source, lambda source: StudentProcess(source, tier=tier, limits=limits), seeds)


@pytest.mark.parametrize(("tier", "attack"), CLAIMED)
def test_an_attack_gains_nothing_where_it_is_claimed_to_be_stopped(tier, attack, folder, marked, loaded):
    skip_unless_it_holds(tier)
    before = memory_peak_bytes()
    with hidden_number(folder) as task:
        names = sorted(file.name for file in folder.iterdir())
        if attack.exercise != task.name:
            task = exercise(attack.exercise)
        assert graded(attack.source, tier, task).points == 0
        assert sorted(file.name for file in folder.iterdir()) == names
        public = folder / "public"
        assert (public.read_text(), public.stat().st_mode & 0o777) == ("public", 0o666)
    assert files_left() == []
    assert left_over(marked) == []
    assert memory_peak_bytes() - before < GROWTH_BYTES_MAX


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.works_in], ids=lambda attack: attack.name)
def test_what_a_weak_sandbox_lets_through_is_a_real_attack(attack, folder, marked):
    """Else an attack would be stopped by its own mistakes."""
    tier = TIERS[attack.works_in]
    assert attack.claim not in tier.claims
    tier = dataclasses.replace(tier, launch=Launch)  # as an ordinary user has it, who stays who they are
    with hidden_number(folder) as task:
        assert graded(attack.source, tier, task, limits=Limits()).points > 0
    assert left_over(marked) == []


@pytest.mark.parametrize("tier", TIERS.values(), ids=TIERS)
def test_an_honest_answer_gets_its_points_after_an_attack(tier, folder):
    skip_unless_it_holds(tier)
    honest = "def add(numbers):\n    return sum(numbers)\n"
    with hidden_number(folder) as task:
        graded("import os\ndef add(numbers):\n    while True: os.write(4, b'7')", tier, task)
        assert graded(honest, tier, task, limits=Limits()).points == 1


def test_what_was_memorised_from_the_public_seeds_is_worth_nothing_under_hidden_ones(folder):
    memorised = next(attack for attack in ATTACKS if attack.name == "memorised")
    with hidden_number(folder) as task:
        assert graded(memorised.source, TIERS["limits"], task, PUBLIC_SEEDS, Limits()).points == 1
        assert graded(memorised.source, TIERS["limits"], task, HIDDEN, Limits()).points == 0


def test_the_corpus_tries_every_claim_and_says_what_it_tries():
    assert len(ATTACKS) >= 25
    assert {attack.claim for attack in ATTACKS} == set(CLAIMS)
    assert all(attack.tries.endswith(".") for attack in ATTACKS)
    assert {attack.exercise for attack in ATTACKS} == {"hidden-number", "charge-once"}
