"""``mqlab explain`` (the life of one message) and ``mqlab replay`` (the same run again, to the last bit)."""

from __future__ import annotations

__all__ = ["explain", "replay"]

from typing import Annotated

import typer

from mqlab.cli.options import Json, Overrides, Seed, seed_of

MESSAGE_MAX = 2**63 - 1


def explain(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a scenario to be run.")],
    message: Annotated[str, typer.Option("--message", "-m", metavar="N", help="Number of the message, from 0.")],
    seed: Seed = None,
    overrides: Overrides = None,
) -> int:
    """Tell one message's life in sentences, and name what lost or doubled it."""
    from mqlab.cli.console import print_text
    from mqlab.cli.find import find_run
    from mqlab.cli.words import whole

    number = whole(message, "--message", MESSAGE_MAX)
    assert number is not None
    found = find_run(run, seed=seed_of(seed), overrides=overrides or (), level="counts")
    print_text(found.explain(number))
    return 0


def replay(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder.")],
    json: Json = False,
) -> int:
    """Run a run again from its folder and compare the digests: the same events in the same order, or not."""
    from mqlab import face
    from mqlab.cli.console import Progress, print_json, print_text
    from mqlab.face.simulating import simulate

    recorded = face.load(run)
    recorded.check_repeatable()
    trace = recorded.trace
    with Progress(f"replaying {recorded.scenario.name}") as progress:
        again = simulate(recorded.model, engine=trace.engine, seed=trace.seed, level="counts", progress=progress)
    same = again.digest == trace.digest
    if json:
        print_json({"run": run, "recorded": trace.digest, "replayed": again.digest, "same": same})
    elif same:
        print_text(f"the same run again: {trace.event_count:,} events, digest {trace.digest}")
    else:
        print_text(f"not the same run: recorded digest {trace.digest}, replayed digest {again.digest}")
    return 0 if same else 1
