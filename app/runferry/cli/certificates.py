"""`runferry certificates`: company CAs, what servers present, rules of form, client certificates.

There is no way to turn the check of certificates off.
"""

from __future__ import annotations

import argparse
import os

from runferry.cli.home import path_of, prepare, tell_owner
from runferry.cli.output import say, tell, tell_json
from runferry.engine import company_certificates as company
from runferry.engine.certificate_files import refresh_bundle
from runferry.errors import UsageError
from runferry.settings import Settings

EXAMPLES = (
    "runferry certificates show https://wandb.example.com",
    "runferry certificates add company.crt",
    "runferry certificates add company.crt --server https://wandb.example.com",
    "runferry certificates list",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    adding = actions.add_parser("add", help="trust the CAs of a .pem, .crt, .cer or .der file")
    adding.add_argument("file", metavar="FILE")
    adding.add_argument("--server", default="", metavar="URL", help="for this server only; default: for all")
    removing = actions.add_parser("remove", help="trust a file no longer")
    removing.add_argument("name", metavar="NAME")
    removing.add_argument("--server", default="", metavar="URL", help="for this server only; default: for all")
    listing = actions.add_parser("list", help="files in use, and where else trust comes from")
    listing.add_argument("--server", default="", metavar="URL", help="as this server sees it; default: yours")
    listing.add_argument("--json", action="store_true", help="one JSON object; its `schema` is 1")
    showing = actions.add_parser("show", help="the chain that a server presents; nothing is sent to it")
    showing.add_argument("server", metavar="URL")
    showing.add_argument("--json", action="store_true", help="one JSON object; its `schema` is 1")
    showing.add_argument("--pem", action="store_true", help="the certificates themselves, to be kept in a file")
    for name, text in (("relax", "leave out rules of form for a server"), ("strict", "check them again")):
        actions.add_parser(name, help=text).add_argument("server", metavar="URL")
    own = actions.add_parser("own", help="show a client certificate to a server; without files: none any more")
    own.add_argument("server", metavar="URL")
    own.add_argument("certificate", metavar="CERTIFICATE", nargs="?", default="")
    own.add_argument("key", metavar="KEY", nargs="?", default="")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    if args.action == "show":
        return _show(around.settings, args)
    if args.action == "list":
        return _list(around.settings, args)
    _change(around.settings, args)
    refresh_bundle(Settings.load(around.home.settings_file, os.environ), os.environ)
    tell_owner(around, "settings-changed")
    return 0


def _change(settings: Settings, args: argparse.Namespace) -> None:
    if args.action == "add":
        _, name, found = company.add(settings, path_of(args.file), args.server)
        for one in found:
            say(one.subject, f"    valid {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}")
            say(f"    SHA-256 {one.sha256}")
        say(f"Trusted for {args.server or 'all servers'}, as {name}. Compare the SHA-256 with what IT says.")
    elif args.action == "remove":
        company.remove(settings, args.name, args.server)
        say(f"{args.name} is not trusted any more for {args.server or 'all servers'}.")
    elif args.action == "own":
        if args.certificate and not args.key and "PRIVATE KEY" not in _text(args.certificate):
            raise UsageError("no-client-key", "The key is missing", "The file holds none.", "Name the key's file too.")
        company.show_who_we_are(settings, args.server, args.certificate, args.key)
        say(f"{args.certificate or 'No certificate'} is shown to {args.server}.")
    else:
        company.relax(settings, args.server, args.action == "relax")
        say(
            "Chain and name are checked; rules of form are "
            + ("left out." if args.action == "relax" else "checked too.")
        )


def _list(settings: Settings, args: argparse.Namespace) -> int:
    server = args.server or settings.server
    server = server if server.startswith("http") else "https://api.wandb.ai"
    sources = company.trust_sources(settings, server, os.environ)
    kept = company.kept(settings)
    if args.json:
        files = [
            {"name": one.name, "server": one.server, "problem": one.problem, "holds": [c.as_dict() for c in one.found]}
            for one in kept
        ]
        places = [{"name": one.name, "path": one.path, "ignored": one.ignored} for one in sources]
        tell_json({"schema": 1, "server": server, "sources": places, "files": files})
        return 0
    tell(f"For {server}:")
    for source in sources:
        tell(f"  {source.name} {source.path} {'— ignored: ' + source.ignored if source.ignored else '— in use'}")
    if hint := company.hint_for_wandb(os.environ):
        tell(f"  This app uses the bundle; wandb's own uploader does not. For it: {hint}")
    for file in kept:
        tell(f"{file.name} (for {file.server or 'all servers'}) {file.problem}")
        for one in file.found:
            tell(f"    {one.subject}, until {one.not_after:%Y-%m-%d}, SHA-256 {one.sha256}")
    return 0


def _show(settings: Settings, args: argparse.Namespace) -> int:
    seen = company.presented(settings, args.server, os.environ)
    if args.json:
        tell_json({"schema": 1, **seen.as_dict()})
    elif args.pem:
        tell(*(line for one in seen.chain for line in one.pem.splitlines()))
    else:
        tell(*seen.drawn())
        if seen.middleman:
            tell(f"A proxy ({seen.middleman}) re-signs this connection.")
        elif not seen.is_public:
            tell("No public CA stands behind it: a company's own server, or a proxy that re-signs.")
        if seen.wants_client_certificate:
            tell("The server asks for a client certificate.")
    return 0 if seen.untrusted_at is None else 1


def _text(path: str) -> str:
    try:
        return path_of(path).read_text(errors="replace")
    except OSError as error:
        raise UsageError("no-such-file", "No such file", f"{path}: {error.strerror}.", "Name a file.", error) from error
