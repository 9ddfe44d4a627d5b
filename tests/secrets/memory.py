"""A process's memory as a file: every page that can have been written, at one moment. Pages seen before are left out."""

import hashlib
import os
import re
from pathlib import Path

PAGE = 4096
OVERLAP = 256
"""Bytes of the next page kept behind each one, so that nothing is cut in two."""
CHUNK = 1 << 20
_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ (\d+)\s*(.*)")


def regions(pid: int | str) -> list[tuple[int, int]]:
    """Beginning and end of all that can be read and may differ from a file: all that is writable or belongs to no file."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = _LINE.match(line)
        if match and match[3][0] == "r" and ("w" in match[3] or match[4] == "0") and match[5] not in {"[vvar]", "[vsyscall]", "[vdso]"}:
            found.append((int(match[1], 16), int(match[2], 16)))
    return found


def snapshot(pid: int | str, path: Path, seen: set[bytes]) -> int:
    """Write the memory of a process to a file, each distinct page once; how many bytes were looked at."""
    looked = 0
    handle = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        with path.open("wb") as out:
            for start, end in regions(pid):
                for at in range(start, end, CHUNK):
                    try:
                        data = os.pread(handle, min(CHUNK + OVERLAP, end - at), at)
                    except OSError:  # a guard page, or memory given back meanwhile
                        continue
                    looked += min(len(data), CHUNK)
                    for place in range(0, min(len(data), CHUNK), PAGE):
                        page = data[place : place + PAGE + OVERLAP]
                        name = hashlib.blake2b(page, digest_size=16).digest()
                        if name not in seen and page.count(0) != len(page):
                            seen.add(name)
                            out.write(page)
    finally:
        os.close(handle)
    return looked
