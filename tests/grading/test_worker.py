"""A student's code in its worker: calls, tools, crashes and the sentence for everything that can go wrong."""

import contextlib
import os
import time

import pytest

from mqlab.grading.budget import Limits
from mqlab.grading.process import StudentProcess
from mqlab.grading.sandbox.limits import LIMITS
from mqlab.grading.student import Babbled, Died, Failed, Hung, Killed, Missing, StudentError, Tool

SHORT = Limits(call_s=0.5, question_s=5.0, cpu_s=2.0)


def student(source: str, limits: Limits = SHORT) -> StudentProcess:
    return StudentProcess(source, tier=LIMITS, limits=limits)


def said(source: str, name: str = "answer", limits: Limits = SHORT) -> tuple[type[StudentError], str]:
    with student(source, limits) as code, pytest.raises(StudentError) as caught:
        code.call(name)
    return caught.type, str(caught.value)


def test_a_function_is_called_and_remembers_until_it_is_killed():
    with student("seen = []\ndef handle(order):\n    seen.append(order)\n    return seen") as code:
        assert code.call("handle", 1) == [1]
        assert code.call("handle", {"id": 2.5}) == [1, {"id": 2.5}]
        code.kill()
        assert code.call("handle", 3) == [3]


def test_an_object_is_made_anew_by_every_make():
    source = """
class Till:
    def __init__(self, start):
        self.n = start
    def add(self, k):
        self.n += k
        return self.n
"""
    with student(source) as code:
        code.make("Till", 10)
        assert [code.call(".add", 1), code.call(".add", 1)] == [11, 12]
        code.make("Till", 20)
        assert code.call(".add", 1) == 21


def test_tools_are_used_from_within_a_call_by_position_and_by_name():
    charged = []

    def charge(order, cents):
        charged.append((order, cents))
        return len(charged)

    source = "def handle(bank, order):\n    return [bank.charge(order, cents=5), bank.charge(order, 6), repr(bank)]"
    with student(source) as code:
        assert code.call("handle", Tool("bank", charge=charge), 7) == [1, 2, "<bank>"]
    assert charged == [(7, 5), (7, 6)]


def test_what_a_verb_raises_for_the_student_is_raised_there():
    def charge(order):
        raise TimeoutError("the bank does not answer")

    source = """
def handle(bank):
    try:
        bank.charge(1)
    except TimeoutError as error:
        first = str(error)
    try:
        bank.charge()
    except TypeError as error:
        return [first, type(error).__name__]
"""
    with student(source) as code:
        assert code.call("handle", Tool("bank", charge=charge)) == ["the bank does not answer", "TypeError"]


def test_a_verb_that_kills_ends_the_process_and_the_call():
    def charge(order):
        raise Killed

    source = """
seen = []
def handle(bank, order):
    seen.append(order)
    bank.charge(order)
def what():
    return seen
"""
    with student(source) as code:
        with pytest.raises(Killed):
            code.call("handle", Tool("bank", charge=charge), 7)
        assert code.call("what") == []


def test_a_mistake_in_a_verb_is_the_exercises_own():
    def charge():
        return {}["nothing"]

    with student("def handle(bank): bank.charge()") as code, pytest.raises(KeyError):
        code.call("handle", Tool("bank", charge=charge))


@pytest.mark.parametrize(
    ("source", "kind", "sentence"),
    [
        ("", Missing, "The answer cell does not define `answer`."),
        ("answer = 3", Missing, "The answer cell does not define `answer`."),
        ("x = 1\ndef answer(:", Missing, "The answer cell is not Python in line 2: `def answer(:`: invalid syntax."),
        ("def answer():\n    return {}['x']", Failed, "Your code raised KeyError: 'x' (line 2: `return {}['x']`)."),
        ("raise SystemExit", Failed, "Your code raised SystemExit (line 1: `raise SystemExit`)."),
        ("def answer():\n    while True: pass", Hung, "Your code did not answer within 0.5 s."),
        ("import os\ndef answer(): os._exit(3)", Died, "Your code ended its own process (exit code 3)."),
        (
            "def answer(): return {1, 2}",
            Babbled,
            "`answer` answered with an object of type set: only plain values can be answered.",
        ),
        (
            "def answer(): return 'x' * 70000",
            Babbled,
            "`answer` answered with more than 64 KiB: only plain values can be answered.",
        ),
        ("def answer(): return 2**70", Babbled, "Your code sent a whole number of more than 64 bits."),
    ],
)
def test_every_failure_has_its_sentence(source, kind, sentence):
    assert said(source) == (kind, sentence)


def test_a_process_goes_on_after_an_exception():
    with student("n = []\ndef answer(x):\n    n.append(x)\n    return 1 // x + len(n)") as code:
        with pytest.raises(Failed):
            code.call("answer", 0)
        assert code.call("answer", 1) == 3


def test_an_object_does_not_outlive_its_process():
    with student("class A:\n    def f(self): return 1") as code:
        code.make("A")
        code.kill()
        with pytest.raises(Died, match="is gone"):
            code.call(".f")


def test_what_is_printed_is_kept_up_to_a_limit_and_never_blocks():
    source = "def answer(k):\n    print('x' * k)\n    return k"
    with student(source) as code:
        assert code.call("answer", 3) == 3
        assert code.output == "xxx\n"
        assert code.call("answer", 1_000_000) == 1_000_000
        assert code.output.endswith("… (more was printed)")
        assert len(code.output) < 17_000


def test_processor_time_is_limited_over_all_processes_of_a_question():
    source = """
import time
def answer(cpu_s):
    until = time.process_time() + cpu_s
    while time.process_time() < until:
        pass
"""
    with student(source, Limits(call_s=30, question_s=60, cpu_s=1.0)) as code:
        code.call("answer", 0.4)
        code.kill()
        with pytest.raises(Hung, match="more than 1 s of processor time"):
            code.call("answer", 5)
        with pytest.raises(Hung, match="more than 1 s of processor time"):
            code.call("answer", 0)


def test_it_costs_its_own_question_only_if_memory_is_eaten():
    kind, text = said("def answer(): return len(bytearray(10**10))")
    assert (kind, text[:29]) == (Failed, "Your code raised MemoryError ")


def test_a_long_list_is_handed_over_and_text_of_all_kinds():
    events = [{"order": n, "text": "日本 é"} for n in range(10_000)]
    with student("def handle(events):\n    print('日本 é')\n    return [len(events), events[-1]]") as code:
        assert code.call("handle", events) == [10_000, events[-1]]
        assert code.output == "日本 é\n"


def test_what_a_cell_of_a_notebook_may_define_works_here():
    source = """
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum
import collections, heapq

class State(Enum):
    OPEN = 1

@dataclass
class Order:
    number: int
    state: State = State.OPEN

def answer(number):
    return [Order(number).number, __name__, collections.Counter("aab")["a"]]
"""
    with student(source) as code:
        assert code.call("answer", 7) == [7, "__main__", 2]


def test_threads_of_the_answer_use_tools_while_a_call_is_under_way_and_not_afterwards():
    used = []
    source = """
import threading
later = threading.Event()
said = []

def work(tool, number):
    tool.use(number)

def linger(tool):
    later.wait()
    try:
        tool.use(99)
    except RuntimeError as error:
        said.append(str(error))

def handle(tool):
    global thread
    threads = [threading.Thread(target=work, args=(tool, n)) for n in range(4)]
    for each in threads: each.start()
    for each in threads: each.join()
    thread = threading.Thread(target=linger, args=(tool,))
    thread.start()
    threading.Timer(0.02, later.set).start()

def end():
    later.set()
    thread.join()
    return said
"""
    with student(source) as code:
        code.call("handle", Tool("tool", use=used.append))
        time.sleep(0.1)  # no call is under way, and the last thread's time comes
        said = code.call("end")
    if said:
        assert sorted(used) == [0, 1, 2, 3]
        assert said == ["a tool can only be used while a call is under way"]
    else:  # on a slow machine it comes within the second call, and may
        assert sorted(used) == [0, 1, 2, 3, 99]


def test_a_process_that_ends_between_two_calls_has_died():
    source = """
import os
import threading

def answer():
    threading.Timer(0.01, os._exit, [5]).start()

def wait():
    while True:
        pass
"""
    with student(source) as code:
        code.call("answer")
        with pytest.raises(Died, match="exit code 5"):
            code.call("wait")


def test_a_second_process_of_the_same_answer_lives_beside_the_first():
    source = "seen = []\ndef handle(x, tool=None):\n    seen.append(x)\n    return [*seen, tool and tool.ask(x)]"
    with student(source) as code:
        other = code.another()
        asked = Tool("tool", ask=lambda x: other.call("handle", x * 10))
        assert code.call("handle", 1, asked) == [1, [10, None]]
        assert code.call("handle", 2, asked) == [1, 2, [10, 20, None]]
        assert code.another() is other
        assert other.call("handle", 5) == [5, None]


def test_nothing_stays_open_in_the_parent():
    def opened():
        return len(os.listdir("/proc/self/fd"))

    with student("def answer(): return 1") as code:
        code.call("answer")
    before = opened()
    for source in ("def answer(): return 1", "import os\ndef answer(): os._exit(1)", "def answer(: pass"):
        with student(source) as code:
            with contextlib.suppress(StudentError):
                code.call("answer")
            with contextlib.suppress(StudentError):
                code.call("answer")
    assert opened() == before
