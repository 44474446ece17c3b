"""Which addresses are the app's own local server: others on this computer may be tunnels to anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from runferry.engine.local_port import kept_port

if TYPE_CHECKING:
    from runferry.engine.engine import Engine


def own_identity(store: Path) -> str:
    """What the ledger calls the server of the store in this folder, wherever it answers."""
    try:
        return f"runferry:{json.loads((store / 'store.json').read_text())['store']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "runferry:"


def own_addresses(engine: Engine) -> tuple[str, ...]:
    """Where it is known to answer; and where it usually does, unless another server is known to be there."""
    identity, servers = own_identity(engine.home.store), [one.server for one in engine.connections.all()]
    own = {one.url for one in servers if one.identity == identity}
    usual = f"http://127.0.0.1:{kept_port(engine.home.store, engine.settings.local_server_port)}"
    return tuple(sorted(own | ({usual} - {one.url for one in servers})))
