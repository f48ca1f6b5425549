"""``mqlab lab``: JupyterLab on the learner's own copy of the course."""

from __future__ import annotations

__all__ = ["lab"]

from pathlib import Path
from typing import Annotated

import typer


def lab(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Your copy of the course; by default ~/mqlab-course."),
    ] = None,
    port: Annotated[
        str | None, typer.Option("--port", metavar="N", help="By default the first free one from 8888 on.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, or only say where.")] = True,
) -> int:
    """Open the course in JupyterLab, on a copy of your own.

    The copy is made the first time and brought up to date later. What you have changed is never lost: where the course
    has a newer notebook than the one you work in, yours is put aside under a name with the date.
    """
    from mqlab.cli.console import print_text
    from mqlab.cli.words import whole
    from mqlab.course import lab as jupyter
    from mqlab.course.working_copy import default_folder, refresh

    wanted = whole(port, "--port", jupyter.PORT_MAX)
    jupyter.check_installed()
    if wanted is not None:
        jupyter.check_port(wanted)
    done = refresh(default_folder() if folder is None else folder)
    print_text(f"the course is in {done.folder}" + (f": {done.sentence}" if done.sentence else ""))
    with jupyter.opened(done.folder, port=wanted, browser=browser) as running:
        print_text(f"JupyterLab: {running.url}\nCtrl-C here ends it; your notebooks are saved as you work")
        try:
            return min(running.wait(), 1)
        except KeyboardInterrupt:
            print_text(f"closed; your notebooks are in {done.folder}")
            return 0
