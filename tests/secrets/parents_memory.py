"""Row 26: the memory of the process that conducts a dealing and an opening, at moments of both, searched for what the dealer knew.

PINs pass through it on their way to the tokens, and it is given the key of the envelope that it opens: how many of their forms are found is
said, and nothing is claimed for them.
"""

from collections.abc import Sequence
from pathlib import Path

from tests.secrets.canaries import FILE_KEY, NEVER, PIN, Found, dealers, file_keys, pins, searched
from tests.secrets.forms import Needle
from tests.secrets.played import watched
from tests.sweeps import Swept

MOMENTS = ("dealt", "opened", "end", "unsealed")


def sweep(*, full: bool) -> Swept:
    """Every snapshot, for everything that only the dealer may know; the same whether `full` or not."""
    seen = watched()
    honest, leaky = ([path for path in seen.shots.iterdir() if kind in path.name] for kind in ("-honest", "-leaky"))
    needles = dealers(seen.known)
    faults = [fault for place in honest for fault in _searched(place, needles).faults(place.name)]
    faults += [f"no memory of the moment {moment}" for moment in MOMENTS if not list(seen.shots.glob(f"*-honest/*-{moment}.mem"))]
    found = {secret for place in leaky for secret, _ in _searched(place, dealers(seen.leaks)).hits}
    if f"{NEVER} master secret" not in found:
        faults.append("the secret that a leaky dealer told is not found: the search shows nothing")
    size = sum(_searched(place, needles[:1]).size for place in honest)
    others = {what for place in honest for what in _searched(place, [*pins(seen), *file_keys(seen)]).hits}
    told = {name: sorted(form for secret, form in others if secret == name) for name in (PIN, FILE_KEY)}
    looked = len({needle.secret for needle in needles})
    note = f"{size >> 20} MiB of distinct pages, {looked} secrets; {len(faults)} copies; not claimed: {told}"
    return Swept(len(needles) * len(honest), tuple(faults), note)


def _searched(place: Path, needles: Sequence[Needle]) -> Found:
    return searched(place, needles, but=".none")
