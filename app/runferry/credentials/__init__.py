"""API keys: environment, keyring, a file that was asked for, netrc (only read)."""

from runferry.credentials.find import VARIABLE, find_key, forget_key, has_wandb_key, known_cloud_url, store_key
from runferry.credentials.key import Key, check_key
from runferry.credentials.keychain import Keychain

__all__ = [
    "VARIABLE",
    "Key",
    "Keychain",
    "check_key",
    "find_key",
    "forget_key",
    "has_wandb_key",
    "known_cloud_url",
    "store_key",
]
