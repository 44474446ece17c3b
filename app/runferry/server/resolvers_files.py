"""GraphQL: the files of runs, and addresses to upload them to."""

from __future__ import annotations

import fnmatch
import mimetypes
import re
from typing import Any
from urllib.parse import quote

from runferry.server.artifact_record import hex_of
from runferry.server.record import iso, opaque, reveal
from runferry.server.run_folder import RunFolder, StoredFile
from runferry.server.uploads import RUN_FILE
from runferry.server.views import Context, RequestRefusedError, names_of, page

_LONGEST_PATTERN = 1000  # characters


class RunFileView:
    """One uploaded file of a run."""

    typename = "File"
    storage_path = upload_url = upload_multipart_urls = artifact = None
    upload_headers: tuple[str, ...] = ()

    def __init__(self, folder: RunFolder, stored: StoredFile) -> None:
        record = folder.record
        self._place = (record.entity, record.project, record.name, stored.name)
        self._stored = stored
        self.id = opaque("File", quote(stored.name), record.name, record.project, record.entity)
        self.name = self.display_name = stored.name
        self.size_bytes = stored.size
        self.mimetype = mimetypes.guess_type(stored.name)[0] or "application/octet-stream"
        self.updated_at = iso(stored.modified)

    def url(self, context: Context, upload: bool = False) -> str:
        """Where to GET it with the key, or to PUT it."""
        if upload:
            return context.address("PUT", RUN_FILE, *self._place)
        return f"{context.base}/files/" + "/".join(quote(part) for part in self._place)

    def direct_url(self, context: Context) -> str:
        """Where to GET it without the key, for a while."""
        return context.address("GET", RUN_FILE, *self._place)

    def md5(self, context: Context) -> str:
        """As W&B writes it: base64."""
        return context.store.md5(self._stored.path)

    def digest(self, context: Context) -> str:
        """In hex."""
        return hex_of(self.md5(context))


def _like(pattern: str) -> re.Pattern[str]:
    """SQL's LIKE as a regular expression: ``%`` any text, ``_`` one character. It never backtracks."""
    if len(pattern) > _LONGEST_PATTERN:
        raise RequestRefusedError("the pattern is too long")
    parts = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return re.compile(fnmatch.translate("".join(parts.get(one, one) for one in pattern)))


def run_files(
    folder: RunFolder, names: list[str] | None, pattern: str | None, after: str | None, first: int | None
) -> dict[str, Any]:
    """The connection over a run's files, all of them or those that are asked for."""
    found = folder.files()
    if names:
        wanted = set(names)
        found = [one for one in found if one.name in wanted]
    if pattern:
        like = _like(pattern)
        found = [one for one in found if like.fullmatch(one.name) or fnmatch.fnmatchcase(one.name, pattern)]
    return {**page(found, lambda one: RunFileView(folder, one), after, first), "upload_headers": []}


class FileMutations:
    """Mutations about run files."""

    def create_run_files(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """One upload address per name, in the order asked."""
        folder = _run_of(context, input)
        record = folder.record
        files = []
        for name in input["files"]:
            folder.place(name)  # refuses names that would leave the folder
            address = context.address("PUT", RUN_FILE, record.entity, record.project, record.name, name)
            files.append({"name": name, "upload_url": address})
        return {"run_id": record.storage_id, "upload_headers": [], "files": files}

    def mark_run_files_uploaded(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """True when all of the files are here."""
        folder = _run_of(context, input)
        return {"success": all(folder.file(name) is not None for name in input["files"])}

    def delete_files(self, context: Context, input: dict[str, Any]) -> dict[str, Any]:
        """Delete files by their ids."""
        from urllib.parse import unquote

        done = True
        for identifier in input["files"]:
            parts = reveal(identifier)
            folder = context.store.run(parts[4], parts[3], parts[2]) if len(parts) == 5 and parts[0] == "File" else None
            done = folder is not None and folder.remove_file(unquote(parts[1])) and done
        return {"success": done}


def _run_of(context: Context, input: dict[str, Any]) -> RunFolder:
    folder = context.store.run(*names_of(input.get("entityName"), input["projectName"]), input["runName"])
    if folder is None:
        raise RequestRefusedError(f"no run {input['runName']!r} in the project {input['projectName']!r}")
    return folder
