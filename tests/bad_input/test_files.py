"""Files that are no scenarios at all: binary, huge, deep, missing. One sentence refuses each."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mqlab.errors import Place, ScenarioError
from mqlab.scenario import load
from mqlab.scenario.reader import BYTES_MAX, DEPTH_MAX, read
from tests.bad_input.corpus import GOOD

BOMB = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)

FILES = [
    # (name, content, line, column, what, mend)
    ("empty", b"", 1, 1, "the file is empty", "mqlab init"),
    ("blank lines", b"\n\n\n", 1, 1, "the file is empty", "mqlab init"),
    ("comments only", b"# a\n# b\n", 1, 1, "the file is empty", "mqlab init"),
    ("byte-order mark only", b"\xef\xbb\xbf", 1, 1, "the file is empty", "mqlab init"),
    ("document markers only", b"---\n...\n", 2, 1, "a mapping of fields", "begin with `name:`"),
    ("a word", b"hello\n", 1, 1, "a mapping of fields", "begin with `name:`"),
    ("a list", b"- 1\n- 2\n", 1, 1, "a mapping of fields", "begin with `name:`"),
    ("zeros", bytes(100), 1, 1, "control character (U+0000)", "binary"),
    ("an executable", b"\x7fELF\x02\x01\x01" + bytes(range(256)), 2, 118, "not UTF-8", "UTF-8"),
    ("compressed", gzip.compress(GOOD.encode(), mtime=0), 1, 2, "not UTF-8", "UTF-8"),
    ("UTF-16", GOOD.encode("utf-16"), 1, 1, "not UTF-8", "UTF-8"),
    ("Latin-1", "# ü\nname: ü".encode() + b"caf\xe9\n", 2, 11, "not UTF-8", "UTF-8"),
    (
        "an escape in a terminal log",
        GOOD.replace("shop:", "sh\x1bop:", 1).encode(),
        5,
        5,
        "U+001B",
        "remove it",
    ),
    ("deep brackets", b"a: " + b"[" * 100_000, 1, 27, f"deeper than {DEPTH_MAX}", "check the brackets"),
    ("deep braces", b"{a: " * 50_000, 1, 97, f"deeper than {DEPTH_MAX}", "check the brackets"),
    ("deep dashes", b"- " * 50_000, 1, 49, f"deeper than {DEPTH_MAX}", "check the brackets"),
    ("deep question marks", b"? " * 50_000, 1, 3, "a key must be a name", "`name: value`"),
    (
        "deep lines",
        "".join("  " * i + "a:\n" for i in range(100)).encode(),
        25,
        49,
        "deeper than",
        "brackets",
    ),
    ("alias bomb", BOMB.encode(), 1, 4, "the anchor `&a`", "write the value out"),
    ("endless quote", b"name: '" + b"x" * 200_000, 1, 7, "never closed", "close the quote"),
    (
        "huge number",
        b"system: rabbitmq\nduration: 1 s\nseed: " + b"9" * 10_000,
        3,
        7,
        "not a whole number",
        "1",
    ),
    ("huge exponent", b"system: rabbitmq\nduration: 1e999999999 s\n", 2, 11, "absurdly large", "20 ms"),
    ("huge key", b"x" * 100_000 + b": 1\n", 1, 100_001, "a `:` makes no sense", "in quotes"),
]


@pytest.mark.parametrize(
    ("content", "line", "column", "what", "mend"), [f[1:] for f in FILES], ids=[f[0] for f in FILES]
)
def test_is_refused(tmp_path: Path, content: bytes, line: int, column: int, what: str, mend: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert caught.value.place == Place(str(path), line, column), str(caught.value)
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize("bracket", [b"[", b"{", b"- ", b"a: {"])
def test_ten_megabytes_of_nesting_are_refused_unread(tmp_path: Path, bracket: bytes) -> None:
    path = tmp_path / "deep.yaml"
    path.write_bytes(bracket * (10_000_000 // len(bracket)))
    with pytest.raises(ScenarioError, match="10,000,000 bytes, a scenario at most"):
        load(path)


def test_the_largest_scenario_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    comment = b"#" + b"x" * (BYTES_MAX - len(GOOD) - 2) + b"\n"
    path.write_bytes(comment + GOOD.encode())
    assert load(path).name == "shop"
    path.write_bytes(comment + GOOD.encode() + b"\n")
    with pytest.raises(ScenarioError, match="bytes, a scenario at most"):
        load(path)


def test_nesting_up_to_the_limit_is_read() -> None:
    fits = "[" * DEPTH_MAX + "]" * DEPTH_MAX
    assert isinstance(read(fits, "x").value, list)
    with pytest.raises(ScenarioError, match="nesting"):
        read(f"[{fits}]", "x")


@pytest.mark.parametrize(
    ("source", "what", "mend"),
    [
        ("flash-sail", "there is no scenario `flash-sail`", "did you mean `flash-sale`?"),
        ("nowhere.yaml", "there is no file `nowhere.yaml`", "mqlab scenarios"),
        ("./nowhere", "there is no file `./nowhere`", "mqlab scenarios"),
        (".", "there is no scenario `.`", "scenarios: "),
        ("", "there is no scenario ``", "scenarios: "),
        ("a\0b", "there is no scenario", "scenarios: "),
        ("a/\0.yaml", "there is no file", "mqlab scenarios"),
        ("./", "`./` is a folder", "mqlab scenarios"),
    ],
)
@pytest.mark.usefixtures("empty_folder")
def test_names_and_paths_that_lead_nowhere(source: str, what: str, mend: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(source)
    assert what in caught.value.what
    assert mend in caught.value.mend


def test_a_bare_name_is_never_a_file_but_says_how_to_name_it(empty_folder: Path) -> None:
    (empty_folder / "mine.yaml").write_text(GOOD)
    with pytest.raises(ScenarioError, match=r"write `\./mine\.yaml`"):
        load("mine")
    assert load("mine.yaml").name == "shop"
