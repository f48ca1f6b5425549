"""Seeds: public ones for ever the same, hidden ones a function of the secret, and nothing shows them."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from mqlab.errors import BadInput
from mqlab.grading.exercise import Case
from mqlab.grading.seeds import COUNT, PUBLIC_SEEDS, hidden_seeds, read_secret

SECRET = b"a secret for tests"


def test_hidden_seeds_are_the_hmac_of_exercise_and_number() -> None:
    expected = hmac.new(SECRET, b"charge-once\x003", hashlib.sha256).digest()
    assert hidden_seeds(SECRET, "charge-once")[3] == int.from_bytes(expected[:8], "big") // 2
    assert all(0 <= seed < 2**63 for seed in hidden_seeds(SECRET, "charge-once"))


def test_secret_and_exercise_make_them_different() -> None:
    drawn = {*hidden_seeds(SECRET, "a"), *hidden_seeds(SECRET, "b"), *hidden_seeds(SECRET + b"!", "a"), *PUBLIC_SEEDS}
    assert len(drawn) == 4 * COUNT


def test_seeds_do_not_show_themselves() -> None:
    seeds = hidden_seeds(SECRET, "a")
    shown = f"{seeds} {seeds!r} {seeds!s} {Case(seeds[0], 5)} {Case(seeds[0], 5)!r}"
    assert not any(str(seed) in shown for seed in seeds)


def test_a_secret_is_made_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = read_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_secret(path) == first
    assert len(first) == 64
    assert read_secret(tmp_path / "another") != first


def test_what_others_may_read_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    read_secret(path)
    path.chmod(0o640)
    with pytest.raises(BadInput, match=r"others may read the secret.*chmod 600"):
        read_secret(path)


def test_what_cannot_be_a_secret_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_bytes(b"1234\n")
    short.chmod(0o600)
    for path, complaint in [
        (short, "too short"),
        (tmp_path, "cannot be used|is not a file"),
        (tmp_path / "nowhere" / "secret", "cannot be used: no such file"),
    ]:
        with pytest.raises(BadInput, match=complaint):
            read_secret(path)
