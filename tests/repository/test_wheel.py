"""The wheel carries the course and runs outside the checkout, offline."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COURSE = ("scenarios", "notebooks", "benchmarks")
CACHES = {"__pycache__", ".ipynb_checkpoints"}
OUTSIDER = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MQLAB_JIT"))}
"""The environment variables of somebody who has no checkout."""


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def build(kind: str, folder: Path) -> Path:
    """Build with the tools of this environment: nothing is fetched."""
    run(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", folder, ROOT)
    (built,) = folder.iterdir()
    return built


def on_disk(folder: str) -> set[str]:
    """Return the files of a folder that belong into the wheel, as POSIX paths below the folder.

    A notebook does, the source that it is made from does not.
    """
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and not CACHES & set(path.parts)]
    files = [path for path in files if not path.match("notebooks/*.py")]
    return {path.relative_to(ROOT / folder).as_posix() for path in files}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Return the scripts of a fresh environment with the wheel in it.

    It sees the packages of this one through a .pth file, but not this checkout: a .pth file that stands in a
    folder named by another one is not read, and so the editable installation stays out.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    Path(packages, "outer.pth").write_text(
        f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n"
    )
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--ignore-installed", wheel)
    return folder / "bin"


@pytest.mark.parametrize("folder", COURSE)
def test_the_wheel_carries_the_course(wheel, folder):
    prefix = f"mqlab/_course/{folder}/"
    names = zipfile.ZipFile(wheel).namelist()
    carried = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert carried == on_disk(folder)
    assert carried, f"{folder}/ is empty"


def test_the_wheel_carries_the_package_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {name for name in names if not name.startswith("mqlab/_course/")}
    assert package == {f"mqlab/{name}" for name in on_disk("mqlab")}


def test_a_source_distribution_can_be_built_from_and_tested(tmp_path):
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "tests/conftest.py", "scenarios/flash-sale.yaml"} <= names
    assert not {name for name in names if name.startswith((".venv/", "runs/", ".git/"))}


def test_the_installed_package_is_not_the_checkout(elsewhere, tmp_path):
    code = "import mqlab; print(mqlab.__file__)"
    where = run(elsewhere / "python", "-c", code, cwd=tmp_path, env=OUTSIDER)
    assert Path(where.stdout.strip()).is_relative_to(elsewhere.parent)


def test_the_flash_sale_runs_outside_the_checkout(elsewhere, tmp_path):
    done = run(elsewhere / "mqlab", "run", "flash-sale", "--json", cwd=tmp_path, env=OUTSIDER)
    result = json.loads(done.stdout)  # exactly one object: json refuses anything before or after it
    assert (result["scenario"], result["verdict"]) == ("flash-sale", "holds")
    fates = dict(result["fates"])
    lost = sum(fates.pop("lost").values())
    assert sum(fates.values()) + lost == result["messages"]["owed"] > 0
    (report,) = tmp_path.glob("runs/flash-sale-*/report.html")
    assert report.stat().st_size > 0


def test_the_course_is_handed_out_outside_the_checkout(elsewhere, tmp_path):
    code = "from mqlab.course.working_copy import refresh; print(*refresh('mine').new, sep='\\n')"
    done = run(elsewhere / "python", "-c", code, cwd=tmp_path, env=OUTSIDER)
    assert set(done.stdout.split()) == on_disk("notebooks")
    assert "BEGIN SOLUTION" not in "".join(path.read_text() for path in (tmp_path / "mine").glob("*.ipynb"))
