"""A rehearsal sets worlds up before graders are forked, and changes nothing of what they find."""

import pytest

from mqlab.grading.exercises import NAMES, exercise, overtaking
from mqlab.grading.judging import judge
from mqlab.grading.rehearsal import Nobody, rehearse
from mqlab.grading.seeds import hidden_seeds
from mqlab.grading.student import StudentError
from tests.grading.handed_in import answer
from tests.grading.tame import TameStudent

SEEDS = hidden_seeds(b"a secret of sixteen letters", "overtaking")


def judged():
    return judge(exercise("overtaking"), answer("overtaking", "wrong_gaps"), TameStudent, SEEDS)


def test_after_a_rehearsal_no_run_has_to_be_simulated_again():
    overtaking._run.cache_clear()
    rehearse(exercise("overtaking"), SEEDS)
    before = overtaking._run.cache_info().misses
    assert before > 0
    judged()
    assert overtaking._run.cache_info().misses == before


def test_a_rehearsal_changes_no_judgement():
    overtaking._run.cache_clear()
    without = judged()
    rehearse(exercise("overtaking"), SEEDS)
    assert judged() == without


@pytest.mark.parametrize("name", NAMES)
def test_nobody_gets_no_points(name):
    judgement = judge(exercise(name), "", lambda _: Nobody(), hidden_seeds(b"a secret of sixteen letters", name))
    assert judgement.points == 0


def test_nobody_does_nothing():
    nobody = Nobody()
    for ask in (nobody.make, nobody.call):
        with pytest.raises(StudentError):
            ask("handle", 1)
    nobody.kill()
    assert nobody.another().output == ""
    nobody.close()
