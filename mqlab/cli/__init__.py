"""The command line: ``main`` turns every ending into one exit code, and every error into one line.

0 all expectations hold · 1 an expectation, check or replay failed · 2 bad input · 3 internal error ·
130 interrupted. Bad input leaves standard output empty and writes nothing.
"""

from __future__ import annotations

__all__ = ["main"]

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv
        The arguments after the command's name; those of the process if not given.

    Examples
    --------
    >>> main(["--version"])  # doctest: +SKIP
    0
    """
    try:
        from mqlab.cli import endings
        from mqlab.errors import MqlabError
    except KeyboardInterrupt:
        return 130
    endings.prepare_process()
    try:
        with endings.interruptible():
            code = _dispatch(argv)
    except endings.Terminated:
        return endings.say("terminated; nothing half-written is left", 143)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        return endings.reader_has_gone()
    except MqlabError as error:
        return endings.tell(error)
    except Exception as error:
        return endings.internal(error)
    return endings.say("interrupted; nothing half-written is left", code) if code == 130 else code


def _dispatch(argv: Sequence[str] | None) -> int:
    import typer

    from mqlab.cli import endings
    from mqlab.cli.app import app

    # whether typer brings its own parser or uses click's: BadParameter's parent is the usage error of it
    usage_error: type[Exception] = typer.BadParameter.__mro__[1]
    try:
        code = app(args=None if argv is None else list(argv), prog_name="mqlab", standalone_mode=False)
    except usage_error as error:
        return endings.usage(error)
    except typer.Abort:
        return 130
    return endings.flushed(code if isinstance(code, int) else 0)
