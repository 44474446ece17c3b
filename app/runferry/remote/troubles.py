"""The kinds of failure between us and a server, by one question: does waiting help, and for whom?

`ServerTrouble`: yes. `ServerRefused`: not until a person changes a key, a certificate or the network; it concerns
every run of that server. `RunFault`: yes, for one run, while the server answers others. Everything else concerns one
run or one file.
"""

from __future__ import annotations

from runferry.errors import NeedsUser, PermanentError, TemporaryError


class ServerRefused(NeedsUser):
    """The server will not talk to us at all until a person changes something."""


class ServerTrouble(TemporaryError):
    """The server or the way to it is in trouble; it is tried again, for all runs of that server."""


class BadAnswer(ServerTrouble):
    """2xx with a body that makes no sense."""


class RunFault(TemporaryError):
    """What a server does wrong for one run (a 5xx, an answer of another shape), while it answers others."""


class GraphQLRefused(PermanentError):
    """The server answered a GraphQL operation with errors."""
