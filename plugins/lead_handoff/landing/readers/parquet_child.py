"""The child process that reads Parquet files, within a limit of memory.

It is asked over the socket that its argument names: a line of JSON with a file's descriptor beside
it. It answers with frames of a kind (one byte), a length (eight bytes) and that many bytes:
``H`` names and remarks, ``P`` a piece of CSV after its first row and number of rows (eight bytes
each), ``E`` a refusal's name and message, ``.`` the end. A file may cost no more memory than the
limit, whatever it claims: the rest of the night goes on without it.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
from collections.abc import Iterator

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.landing.errors import LandingError
from lead_handoff.landing.limits import Limits

LENGTH = 8
LONGEST_QUESTION = 65_536
_KEPT_SHARE = 4
"""A child that has kept more than this part of its allowance makes room for a new one."""


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """One answer."""
    return kind + len(content).to_bytes(LENGTH) + content


def address_space() -> int:
    """Bytes of address space that this process has."""
    with open("/proc/self/statm") as text:
        return int(text.read().split()[0]) * resource.getpagesize()


def answers(descriptor: int, question: bytes) -> Iterator[bytes]:
    """What is to be said of one file."""
    from lead_handoff.landing.readers.parquet import ParquetText

    asked = json.loads(question)
    try:
        with os.fdopen(descriptor, "rb") as content:
            spec = CATALOGUE[asked["source"]][asked["object"]]
            text = ParquetText(content, spec, Limits(**asked["limits"]))
            yield frame(b"H", json.dumps([text.names, text.remarks]).encode())
            for piece in text.pieces():
                place = piece.first_row.to_bytes(LENGTH) + piece.rows.to_bytes(LENGTH)
                yield frame(b"P", place + piece.csv)
    except LandingError as error:
        message = str(error).removeprefix(f"{error.name}: ")
        yield frame(b"E", json.dumps([error.name, message]).encode())
    except MemoryError:
        yield frame(b"E", json.dumps(["parquet_too_large", ""]).encode())
    else:
        yield frame(b".")


def main() -> None:
    """Answer until nobody asks any more."""
    # What a file costs is counted from here on: everything it needs is imported.
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet

    asking = socket.socket(fileno=int(sys.argv[1]))
    allowance = int(sys.argv[2])
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    before = address_space()
    resource.setrlimit(resource.RLIMIT_AS, (before + allowance, before + allowance))
    while address_space() < before + allowance // _KEPT_SHARE:
        question, descriptors, _, _ = socket.recv_fds(asking, LONGEST_QUESTION, 1)
        if not descriptors:
            return
        for answer in answers(descriptors[0], question):
            asking.sendall(answer)


if __name__ == "__main__":
    main()
