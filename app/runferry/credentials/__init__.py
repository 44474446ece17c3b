"""API keys: environment, this session, keyring, a file that was asked for, netrc (only read)."""

from runferry.credentials.find import VARIABLE, find_key, forget_key, has_wandb_key, known_cloud_url
from runferry.credentials.key import Key, check_key
from runferry.credentials.keychain import Keychain
from runferry.credentials.place import KeyPlace, keep_key

__all__ = [
    "VARIABLE",
    "Key",
    "KeyPlace",
    "Keychain",
    "check_key",
    "find_key",
    "forget_key",
    "has_wandb_key",
    "keep_key",
    "known_cloud_url",
]
