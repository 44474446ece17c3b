"""`runferry serve`: the local server in the foreground."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from runferry.cli.home import path_of, prepare
from runferry.cli.output import tell
from runferry.engine.local_port import holder_of, keep_port, kept_port
from runferry.engine.local_server import ADDRESS_FILE, OWNED
from runferry.errors import NeedsUser, UsageError
from runferry.server.serving import serve_forever
from runferry.server.store import Store

EXAMPLES = (
    "runferry serve",
    "runferry serve --port 0 --data /scratch/store",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; default: this computer only")
    parser.add_argument(
        "--port",
        type=int,
        default=None,
        help="port; 0: any that is free; default: the store's, first the one in the settings, 8470",
    )
    parser.add_argument(
        "--data", default="", metavar="DIR", help="where runs are stored; default: in your own data folder"
    )
    parser.add_argument(OWNED, action="store_true", help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Run the command until interrupted."""
    around = prepare()
    if args.port is not None and not 0 <= args.port <= 65535:
        raise UsageError(
            "bad-port",
            "That is not a port",
            f"{args.port} was given.",
            "Say a number from 0 (any that is free) to 65535.",
        )
    data = path_of(args.data) if args.data else around.home.store
    wanted = around.settings.local_server_port
    port = kept_port(data, wanted) if args.port is None else args.port
    address = data / ADDRESS_FILE

    def ready(url: str, store: Store) -> None:
        if args.port is None:
            keep_port(data, wanted, port)
        _publish(address, {"url": url, "store": store.store_id, "pid": os.getpid(), "owned": args.owned})
        lines = [f"The local server answers at {url}"]
        if not args.owned:  # an owner writes this into a log, where no key belongs
            lines += [
                f"Its key: {store.key}",
                "To point the official client at it:",
                f"  export WANDB_BASE_URL={url}",
                f"  export WANDB_API_KEY={store.key}",
            ]
        tell(*lines)

    try:
        serve_forever(data, args.host, port, ready)
    except NeedsUser as error:
        if error.slug != "port-busy":
            raise
        said = f"Port {port} is used by {holder_of(port)}."
        raise NeedsUser(error.slug, error.title, said, error.todo, error.cause) from error
    finally:
        _withdraw(address)
    return 0


def _publish(path: Path, told: dict[str, object]) -> None:
    """Write as a whole: another process reads it at any moment."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(told))
    temporary.replace(path)


def _withdraw(path: Path) -> None:
    """Take the address back, unless it is another process's by now."""
    try:
        if json.loads(path.read_text()).get("pid") == os.getpid():
            path.unlink()
    except (OSError, ValueError, AttributeError):
        pass
