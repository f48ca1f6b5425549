"""The broker in a process of its own: ``mqlab broker serve --data DIR``, and :class:`RemoteBroker` to talk to it.

:mod:`~mqlab.broker.server.wire` says what passes between both, :mod:`~mqlab.broker.server.serving` and
:mod:`~mqlab.broker.server.sessions` are the server, :mod:`~mqlab.broker.server.remote` and
:mod:`~mqlab.broker.server.channels` the client, whose connections, channels and consumers look as those in the process.
"""

from __future__ import annotations

from mqlab.broker.server.channels import RemoteChannel
from mqlab.broker.server.remote import RemoteBroker, RemoteConnection
from mqlab.broker.server.serving import Server

__all__ = ["RemoteBroker", "RemoteChannel", "RemoteConnection", "Server"]
