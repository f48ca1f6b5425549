"""``mqlab broker serve``: the real broker in a process of its own, so that it can be killed for real."""

from __future__ import annotations

__all__ = ["app"]

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.callback(invoke_without_command=True)
def broker(context: typer.Context) -> None:
    """Run the real broker for other processes on this machine."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("serve")
def serve(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Where its journal, port and token are.")],
    sync: Annotated[
        str, typer.Option("--sync", metavar="WHEN", help="Sync the journal: always, never, or how often, as `10 ms`.")
    ] = "always",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0: any free one.")] = 0,
) -> int:
    """Serve on the loopback interface until SIGTERM or Ctrl-C, then end in order.

    DIR/port says where it listens, DIR/token (readable by you only) lets clients in: mqlab.broker.server.RemoteBroker.
    """
    import threading

    from mqlab.broker.server import Server
    from mqlab.cli.endings import Terminated

    with Server(data, sync=sync, port=port) as server:
        typer.echo(str(server.broker.recovery), err=True)
        typer.echo(f"serving {data} at port {server.port}; SIGTERM or Ctrl-C ends it", err=True)
        with suppress(Terminated, KeyboardInterrupt):
            threading.Event().wait()
    typer.echo("ended in order", err=True)
    return 0
