"""`runferry proxy`: which proxy leads to servers, and who says so."""

from __future__ import annotations

import argparse
import os

from runferry.cli.home import prepare, tell_owner
from runferry.cli.output import ask_secret, is_asked, read_line, say, tell
from runferry.engine import proxy_settings

EXAMPLES = (
    "runferry proxy",
    "runferry proxy system",
    "runferry proxy http://proxy.example.com:3128 --user anna",
    "runferry proxy --pac http://wpad.example.com/wpad.dat",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names and flags are fixed: other tools rely on them."""
    parser.add_argument(
        "way",
        metavar="system|environment|none|ADDRESS",
        nargs="?",
        default="",
        help="what to use; default: show what is used",
    )
    parser.add_argument("--pac", default="", metavar="PLACE", help="a PAC file, by address or path; default: none")
    parser.add_argument(
        "--user", default="", help="for a proxy that wants a login; the password is asked for; default: nobody"
    )
    parser.add_argument(
        "--except",
        default="",
        dest="exceptions",
        metavar="LIST",
        help="hosts reached directly; default: those of the system",
    )
    parser.add_argument(
        "--server", default="https://api.wandb.ai", metavar="URL", help="show the way to this one; default: W&B's cloud"
    )


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    around = prepare()
    settings = around.settings
    if args.way or args.pac:
        password = _password(args.user) if args.user else ""
        settings = proxy_settings.use(settings, args.way, args.pac, args.user, password, args.exceptions)
        tell_owner(around, "settings-changed")
    found, source = proxy_settings.leads_to(settings, args.server, os.environ)
    tell(f"{args.server}: {found}, from {source}" if found else f"{args.server}: directly ({settings.proxy})")
    if settings.proxy_user and not found:
        say("No proxy is used there: the user name is kept for when one is.")
    return 0


def _password(user: str) -> str:
    if not is_asked():
        return read_line()
    return ask_secret(f"Password of {user} at the proxy (it is not shown):")
