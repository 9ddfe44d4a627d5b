"""Entry 0 names the one contract artifact that took part; another, none, or two are refused."""

import pytest

from ceremony.anchor.artifacts.artifact import find_artifact, load_artifact, name_artifact
from ceremony.errors import RecordError
from ceremony.records.evidence import FileDigest

NAMED = name_artifact(load_artifact())
TOOL = FileDigest(name="tool", sha256="0x" + "00" * 32)


def test_the_artifact_named_is_found_among_the_files():
    assert find_artifact((TOOL, NAMED)) == load_artifact()


@pytest.mark.parametrize(
    "files",
    [
        (TOOL,),
        (NAMED, NAMED),
        (FileDigest(name="contract artifact x", sha256=NAMED.sha256),),
        (FileDigest(name="contract artifact \u0661", sha256=NAMED.sha256),),
        (FileDigest(name="contract artifact -1", sha256=NAMED.sha256),),
        (NAMED.model_copy(update={"sha256": TOOL.sha256}),),
    ],
    ids=["none", "two", "no number", "another script's digit", "a negative number", "other bytes"],
)
def test_anything_else_names_entry_0(files):
    with pytest.raises(RecordError) as refusal:
        find_artifact(files)
    assert refusal.value.culprits == ("entry 0",)


def test_an_artifact_this_installation_does_not_carry_is_named():
    with pytest.raises(RecordError, match="artifact 99"):
        find_artifact((FileDigest(name="contract artifact 99", sha256=NAMED.sha256),))
