"""`runferry serve`: the local server in the foreground."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

from runferry import logs
from runferry.cli.home import Surroundings, path_of, prepare
from runferry.cli.output import tell, warn
from runferry.engine.local_port import holder_of, keep_port, kept_port
from runferry.engine.local_server import ADDRESS_FILE, OWNED
from runferry.errors import NeedsUser, UsageError
from runferry.server.serving import serve_forever
from runferry.server.store import Store
from runferry.server.tls import Certificate, check_certificate, how_to_make_one
from runferry.servers import is_loopback
from runferry.settings.file import replace_private

EXAMPLES = (
    "runferry serve",
    "runferry serve --port 0 --data /scratch/store",
    "runferry serve --host 0.0.0.0 --certificate certificate.pem --key key.pem",
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
    parser.add_argument("--certificate", default="", metavar="PEM", help="speak https with it; default: plain http")
    parser.add_argument("--key", default="", metavar="PEM", help="its private key; default: in the certificate's file")
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
    certificate = _certificate(args)
    if certificate is None:
        warn(*_plain(args.host))

    def ready(url: str, store: Store) -> None:
        if args.port is None:
            keep_port(data, wanted, port)
        _publish(address, {"url": url, "store": store.store_id, "pid": os.getpid(), "owned": args.owned})
        warn(*store.notes)
        lines = [f"The local server answers at {url}"]
        if not args.owned:  # an owner writes this into a log, where no key belongs
            lines += [
                f"Its key: {store.key}",
                "To point the official client at it:",
                f"  export WANDB_BASE_URL={url}",
                f"  export WANDB_API_KEY={store.key}",
                "To open its pages: runferry open",
            ]
        tell(*lines)

    logging = _log_in(around, data) if args.owned else None
    try:
        serve_forever(data, args.host, port, ready, certificate)
    except NeedsUser as error:
        if error.slug != "port-busy":
            raise
        said = f"Port {port} is used by {holder_of(port)}."
        raise NeedsUser(error.slug, error.title, said, error.todo, error.cause) from error
    finally:
        _withdraw(address)
        if logging is not None:
            logging.close()
    return 0


def _certificate(args: argparse.Namespace) -> Certificate | None:
    if args.certificate:
        return check_certificate(path_of(args.certificate), path_of(args.key or args.certificate))
    if args.key:
        raise UsageError(
            "no-certificate", "A key without a certificate", "--key was given alone.", "Say --certificate FILE too."
        )
    return None


def _plain(host: str) -> list[str]:
    """The warning for an address that others reach; nothing for this computer's own."""
    if is_loopback(f"http://[{host}]" if ":" in host else f"http://{host}"):
        return []
    return [
        f"Warning: everybody on the network who can reach {host} can read what is sent, the key too: it is plain http.",
        f"  What to do: let it speak https: {how_to_make_one()}",
    ]


def _log_in(around: Surroundings, data: Path) -> logs.Logging | None:
    """An owner's server logs into its store, in files that take turns; what it prints is only its first words."""
    if not data.is_dir() or data.is_symlink():
        return None
    return logs.setup(replace(around.home, logs=data), "warning", name="server")


def _publish(path: Path, told: dict[str, object]) -> None:
    """Write as a whole: another process reads it at any moment. Raises NeedsUser."""
    try:
        replace_private(path, json.dumps(told))
    except OSError as error:
        raise NeedsUser(
            "store-unreadable",
            "The store cannot be used",
            f"{path} cannot be written: {error.strerror or error}.",
            "Check that the folder belongs to you and that the disk is not full, or name another one with --data.",
            error,
        ) from error


def _withdraw(path: Path) -> None:
    """Take the address back, unless it is another process's by now."""
    try:
        if json.loads(path.read_text()).get("pid") == os.getpid():
            path.unlink()
    except (OSError, ValueError, AttributeError):
        pass
