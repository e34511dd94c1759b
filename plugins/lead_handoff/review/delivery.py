"""Hand a month's finished files over to where people fetch them: a folder, or any object store.

The review's own folder stays what it is; this copies from it. What stands there already is left as
it is, so that a call after an interrupted one, or after each night, only adds what is missing.
Manifests come last: where one stands, the files that it lists do.
"""

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lead_handoff.review import files
from lead_handoff.review.errors import DeliveryError, FilesChangedError
from lead_handoff.review.estimate import ESTIMATE_MANIFEST
from lead_handoff.review.publication import LATE_FILE, POPULATION_FILE, VERIFY_FILES

_RENEWED = (LATE_FILE, *VERIFY_FILES)


@dataclass(frozen=True)
class Delivered:
    """What a delivery did: files written, and case files left alone that somebody changed there."""

    place: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


def deliver(folder: Path, to: str) -> Delivered:
    """Copy a month's files, as its manifests list them, to ``to``/<month>.

    Args:
        folder: the month's folder, with at least one manifest.
        to: a folder, or an address that fsspec knows (s3://…, gs://…, abfs://…); credentials come
            from the environment, as that package wants them.

    Raises:
        FilesChangedError: another population or manifest stands there.
        DeliveryError: the place cannot be written, or does not give back what was written.
    """
    try:
        target = _target(to) / folder.name
        written, kept = [], []
        if isinstance(target, Path):
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.chmod(0o700)
        else:
            target.mkdir(parents=True, exist_ok=True)
        for name, sha256, is_renewed in _listed(folder):
            there = _sha256(target / name)
            if there == sha256:
                continue
            if there is not None and not is_renewed:
                if name == POPULATION_FILE or name.startswith("manifest"):
                    raise FilesChangedError(
                        f"{name} in {_shown(to)}/{folder.name} is not that of this draw; move the "
                        "folder there away and repeat the call"
                    )
                kept.append(name)
                continue
            if files.sha256_of(folder / name) != sha256:
                kept.append(name)  # filled in here, in the review's folder
                continue
            _write(folder / name, target / name)
            if _sha256(target / name) != sha256:
                raise DeliveryError(f"{_shown(to)} gave back another {name} than was written there")
            written.append(name)
    except (FilesChangedError, DeliveryError):
        raise
    except Exception as error:  # each store raises errors of its own
        raise DeliveryError(
            f"the files of {folder.name} cannot be delivered to {_shown(to)} "
            f"({type(error).__name__}); they stand in {folder}. Mend HANDOFF_REVIEW_DELIVERY or "
            "what it names, and repeat the call"
        ) from error
    return Delivered(f"{_shown(to)}/{folder.name}", tuple(written), tuple(kept))


def _target(to: str) -> Any:
    if "://" not in to:
        return Path(to)
    from upath import UPath

    return UPath(to)


def _listed(folder: Path) -> list[tuple[str, str, bool]]:
    """Name, SHA-256 and whether a newer one replaces it, of each file; manifests last."""
    listed: list[tuple[str, str, bool]] = []
    last: list[tuple[str, str, bool]] = []
    for path in sorted(folder.glob("manifest*.json")):
        manifest = json.loads(path.read_bytes())
        is_renewed = path.name == ESTIMATE_MANIFEST
        named = dict(manifest["files"])
        if "population" in manifest:
            named[manifest["population"]["file"]] = manifest["population"]["sha256"]
        listed += [(name, sha256, is_renewed) for name, sha256 in sorted(named.items())]
        last.append((path.name, files.sha256_of(path), is_renewed))
    if not last:
        raise DeliveryError(f"{folder} holds no manifest; draw the month first")
    apart = [name for name in _RENEWED if (folder / name).exists()]
    listed += [(name, files.sha256_of(folder / name), True) for name in apart]
    return list(dict.fromkeys(listed)) + last


def _sha256(path: Any) -> str | None:
    """SHA-256 of what stands there; None where nothing does."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _write(source: Path, target: Any) -> None:
    if isinstance(target, Path):
        aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        with source.open("rb") as content, files.new_file(aside) as file:
            shutil.copyfileobj(content, file)
        os.replace(aside, target)
    else:
        # An object appears whole, once it is closed.
        with source.open("rb") as content, target.open("wb") as file:
            shutil.copyfileobj(content, file)


def _shown(to: str) -> str:
    """The address without user and password, for logs."""
    if "://" not in to:
        return to.rstrip("/")
    parts = urlsplit(to)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
