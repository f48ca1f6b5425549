"""``mqlab init``, ``check``, ``scenarios``, ``schema`` and ``systems``."""

import json
from pathlib import Path

from mqlab.scenario.catalogue import shipped


def test_init_writes_a_scenario_that_is_valid_and_runs(call, empty_folder):
    ending = call("init")
    assert ending.code == 0
    (path,) = empty_folder.iterdir()
    assert str(path.name) in ending.out
    assert path.read_text().startswith("#")
    assert call("check", path.name).code == 0
    assert call("run", path.name, "--no-report").code == 0


def test_init_takes_a_name_with_or_without_suffix(call, empty_folder):
    assert call("init", "shop").code == 0
    assert call("init", "mall.yaml").code == 0
    assert {path.name for path in empty_folder.iterdir()} == {"shop.yaml", "mall.yaml"}
    assert "name: shop\n" in (empty_folder / "shop.yaml").read_text()


def test_init_never_overwrites(call, empty_folder):
    call("init", "shop")
    (empty_folder / "shop.yaml").write_text("mine")
    assert call("init", "shop").code == 2
    assert (empty_folder / "shop.yaml").read_text() == "mine"


def test_check_says_what_applies(call, tiny):
    ending = call("check", tiny)
    assert ending.code == 0
    assert "valid" in ending.out
    assert max(map(len, ending.out.splitlines())) <= 80
    found = call("check", tiny, "--json").object
    assert found["valid"] is True
    assert found["estimate"]["messages"] > 0
    assert set(found["estimate"]["bytes_by_level"]) == {"counts", "fates", "events"}
    assert all(default["source"] for default in found["defaults"])
    assert found["expectations"] == ["fates.processed > 0"]


def test_check_names_the_place(call, tiny):
    tiny.write_text(tiny.read_text().replace("prefetch", "prefech"))
    complaint = call("check", tiny).complaint
    assert "tiny.yaml:16:" in complaint
    assert "did you mean `prefetch`" in complaint


def test_check_writes_nothing(call, tiny, empty_folder):
    call("check", tiny)
    assert [path.name for path in empty_folder.iterdir()] == ["tiny.yaml"]


def test_scenarios_lists_what_is_shipped(call):
    found = call("scenarios", "--json").object["scenarios"]
    assert [row["name"] for row in found] == [name for name, *_ in shipped()]
    assert all(row["shows"] and Path(row["path"]).is_file() for row in found)
    listed = call("scenarios").out
    assert all(row["name"] in listed for row in found)


def test_schema_is_json_schema(call):
    found = json.loads(call("schema").out)
    assert found["type"] == "object"
    assert {"producers", "queues", "consumers", "faults", "expect"} <= set(found["properties"])


def test_systems_lists_all_and_shows_one(call):
    names = [row["name"] for row in call("systems", "--json").object["systems"]]
    assert "rabbitmq" in names
    listed = call("systems").out
    assert all(name in listed for name in names)
    for name in names:
        found = call("systems", name, "--json").object
        assert found["name"] == name
        assert all(default["path"] and default["source"] for default in found["defaults"])
        assert all(isinstance(promise["permitted"], bool) for promise in found["contract"].values())
        shown = call("systems", name)
        assert shown.code == 0
        assert found["title"] in shown.out
        assert max(map(len, shown.out.splitlines())) <= 80
