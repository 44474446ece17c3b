"""One owner per state folder, and the channel on which other commands reach it."""

from runferry.control.client import Answer, ControlClient
from runferry.control.messages import Request, caller_environ, is_carried
from runferry.control.owner import Occupied, Owner, OwnerInfo, find_owner
from runferry.control.server import ControlServer, Handler, Reply

__all__ = [
    "Answer",
    "ControlClient",
    "ControlServer",
    "Handler",
    "Occupied",
    "Owner",
    "OwnerInfo",
    "Reply",
    "Request",
    "caller_environ",
    "find_owner",
    "is_carried",
]
