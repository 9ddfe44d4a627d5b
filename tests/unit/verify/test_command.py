"""`ceremony verify` as people and programs use it: every verdict's exit code, its words, its JSON, and what it is told."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ceremony.acts.words import encode_words
from ceremony.cli import run_command
from ceremony.cli.verifying import ENDPOINT_LIMIT, distinct, parse_contract, parse_roster
from ceremony.errors import AnswerError, CeremonyError
from ceremony.records.base import from_hex
from ceremony.verify.verifier import CHECKS
from tests.adversary.attacks import WRONG, within
from tests.adversary.forge import Forger
from tests.adversary.lying_chain import AnotherChain, AnotherHash, NoReceipt
from tests.adversary.played import Played
from tests.simulators.chain import SimulatedChain
from tests.simulators.endpoint import served

NAMES = ["transcript_is_whole", "protocol_was_followed", *(check.__name__ for check in CHECKS)]
ON_CHAIN = NAMES[NAMES.index("endpoints_agree") + 1 :]


@pytest.fixture
def directory(played: Played, tmp_path: Path) -> Path:
    """What an auditor has: `transcript` and `checkpoint`, and nothing else of the ceremony's directory."""
    directory = played.write(tmp_path / "audit")
    assert sorted(path.name for path in directory.iterdir()) == ["checkpoint", "transcript"]
    return directory


@pytest.fixture
def serve(played: Played, tmp_path: Path) -> Iterator[object]:
    with ExitStack() as stack:

        def start(kind: type[SimulatedChain] = SimulatedChain) -> str:
            return stack.enter_context(served(played.endpoint(tmp_path, f"node{len(list(tmp_path.iterdir()))}", kind)))

        yield start


@pytest.fixture
def run(directory: Path, played: Played, capsys: pytest.CaptureFixture[str]):
    def run(*options: str, roster: bool = True, rehearsal: bool = True) -> tuple[int, str]:
        outside = ["--roster", played.roster] if roster else []
        code = run_command(["verify", str(directory), *outside, *(["--rehearsal"] if rehearsal else []), *options])
        written = capsys.readouterr()
        return code, written.out + written.err

    return run


# --- verdicts ---


def test_two_endpoints_verify(run, serve) -> None:
    code, text = run("--rpc", serve(), "--rpc", serve())
    assert code == 0
    assert text.splitlines()[-1].startswith("verified, rehearsal: genesis root 0x")


def test_one_endpoint_is_a_single_source(run, serve, played: Played) -> None:
    code, text = run("--rpc", serve())
    last = text.splitlines()[-1]
    assert code == 10
    assert last.startswith("single source, rehearsal: genesis root 0x")
    assert last.endswith(f"contract {played.contract}")


@pytest.mark.parametrize("again", ["{}", "{}/", "HTTP{}"])
def test_one_url_named_twice_is_a_single_source(run, serve, again: str) -> None:
    url = serve()
    other = again.format(url) if not again.startswith("HTTP") else url.replace("http://", "HTTP://")
    assert run("--rpc", url, "--rpc", other)[0] == 10


def test_offline_checks_no_chain(run) -> None:
    code, text = run("--offline")
    assert (code, text.splitlines()[-1].split(":")[0]) == (11, "chain not checked, rehearsal")


def test_without_anything_from_outside_it_is_self_consistent_only(run, serve) -> None:
    assert run("--offline", roster=False)[0] == 12
    assert run("--rpc", serve(), "--rpc", serve(), roster=False)[0] == 12


def test_without_a_checkpoint_it_is_not_closed(run, serve, directory: Path) -> None:
    (directory / "checkpoint").unlink()
    assert run("--offline")[0] == 13
    assert run("--rpc", serve(), "--rpc", serve())[0] == 13


def test_the_worst_applies(run, directory: Path) -> None:
    (directory / "checkpoint").unlink()
    assert run("--offline", roster=False)[0] == 13
    assert run("--offline", "--roster", WRONG, roster=False)[0] == 20


def test_a_rehearsal_is_refused_unless_asked_for(run) -> None:
    code, text = run("--offline", rehearsal=False)
    assert code == 20
    assert "LIE   rehearsal_is_admitted" in text
    assert "add --rehearsal" in text
    assert text.splitlines()[-1].startswith("refused, rehearsal")


@pytest.mark.parametrize("kind", [AnotherChain, AnotherHash, NoReceipt])
def test_a_lying_endpoint_is_refused_and_named(run, serve, kind: type[SimulatedChain]) -> None:
    url = serve(kind)
    code, text = run("--rpc", url)
    assert code == 20
    assert f"who or what: {url}" in text


def test_a_ceremony_under_way_is_not_closed(run, directory: Path) -> None:
    lines = (directory / "transcript").read_bytes().splitlines(keepends=True)
    (directory / "transcript").write_bytes(b"".join(lines[:100]))
    (directory / "checkpoint").unlink()
    code, text = run("--offline")
    assert (code, text.splitlines()[-1]) == (13, "not closed, rehearsal: no genesis is anchored")


# --- after a lie ---


def lie(directory: Path, played: Played) -> None:
    """A token that is another than the plan's, and a receipt of another act."""
    forger = Forger(played.data, played.keys)
    forger.spoil("enrolled", within("attributes", extractable=True))
    forger.twist("anchored", within("seen", head=WRONG))
    (directory / "transcript").write_bytes(forger.rebuild())
    (directory / "checkpoint").write_bytes(forger.close())


def test_the_first_lie_ends_the_list(run, directory: Path, played: Played) -> None:
    lie(directory, played)
    code, text = run("--offline")
    assert code == 20
    assert text.count("LIE   ") == 1
    assert "receipt_is_of_this_act" not in text


def test_all_lists_every_check_after_a_lie(run, directory: Path, played: Played) -> None:
    lie(directory, played)
    code, text = run("--offline", "--all")
    checks = [line[6:].split(":")[0] for line in text.splitlines() if line[:5] in {"ok   ", "limit", "LIE  "}]
    assert code == 20
    assert checks == [name for name in NAMES if name not in ON_CHAIN]
    assert [line.split(":")[0] for line in text.splitlines() if line.startswith("LIE")] == [
        "LIE   keys_were_born_in_tokens",
        "LIE   receipt_is_of_this_act",
    ]


# --- JSON ---


def test_json_of_a_verdict(run, serve, played: Played) -> None:
    code, text = run("--rpc", serve(), "--json")
    found = json.loads(text)
    assert (code, found["exit"], found["verdict"]) == (10, 10, "single source, rehearsal")
    assert (found["contract"], found["rehearsal"]) == (played.contract, True)
    assert found["genesis_words"] == encode_words(from_hex(found["genesis_root"]))
    assert isinstance(found["block"], int)
    assert [check["check"] for check in found["checks"]] == NAMES
    assert all({"check", "passed", "evidence", "rests", "limit"} == set(check) and check["passed"] for check in found["checks"])


def test_json_of_a_refusal(run) -> None:
    code, text = run("--offline", "--json", "--roster", WRONG, roster=False)
    last = json.loads(text)["checks"][-1]
    assert (code, last["passed"], last["check"]) == (20, False, "roster_is_the_one_known_outside")
    assert set(last) == {"check", "passed", "error", "culprits", "next", "said"}
    assert last["culprits"] == ["the roster"]


def test_json_of_an_error(run) -> None:
    code, text = run("--json")
    found = json.loads(text)
    assert (code, found["error"], found["exit"]) == (75, "AnswerError", 75)


# --- what it is told ---


def test_the_roster_in_words(run, played: Played) -> None:
    words = encode_words(from_hex(played.roster))
    assert run("--offline", "--roster", words, roster=False)[0] == 11
    assert run("--offline", "--roster", words.upper(), roster=False)[0] == 11
    assert parse_roster(f"  {words} ") == parse_roster(played.roster.upper().replace("X", "x")) == played.roster


def test_the_contract(run, played: Played) -> None:
    assert run("--offline", "--contract", played.contract.upper().replace("X", "x"), roster=False)[0] == 11
    code, text = run("--offline", "--contract", "0x" + "11" * 20, roster=False)
    assert code == 20
    assert "LIE   roster_is_the_one_known_outside" in text


@pytest.mark.parametrize("text", ["", "0x", "0x12", "12" * 32, "0x" + "g" * 64, "0x" + "1" * 65, "aardvark adroitness"])
def test_what_is_no_roster_digest(text: str) -> None:
    with pytest.raises(CeremonyError):
        parse_roster(text)


@pytest.mark.parametrize("text", ["", "0x", "0x12", "12" * 20, "0x" + "1" * 41, "deploy"])
def test_what_is_no_contract(text: str) -> None:
    with pytest.raises(AnswerError):
        parse_contract(text)


@pytest.mark.parametrize("options", [(), ("--offline", "--rpc", "http://127.0.0.1:1")])
def test_neither_an_endpoint_nor_offline_or_both(run, options: tuple[str, ...]) -> None:
    code, text = run(*options)
    assert code == AnswerError.exit_code
    assert "--offline" in text


def test_an_endpoint_that_is_down_is_left_out_unless_it_is_needed(run, serve) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    code, text = run("--rpc", serve(), "--rpc", url)
    assert code == 10
    assert f"silent: {url}" in text
    code, text = run("--rpc", serve(), "--rpc", url, "--need", "2")
    assert code == 66
    assert text.startswith(f"ChainUnreachable: 1 of 2 endpoints answer, 2 must: endpoint {url} cannot be reached")
    assert run("--rpc", url)[0] == 66


@pytest.mark.parametrize("need", ["0", "2"])
def test_more_or_fewer_endpoints_than_there_are_cannot_be_needed(run, serve, need) -> None:
    assert run("--rpc", serve(), "--need", need)[0] == 75


@pytest.mark.parametrize("block", ["", "7", "7:0x12", f"07:0x{'11' * 32}", f"-1:0x{'11' * 32}"])
def test_a_pinned_block_that_is_none(run, serve, block) -> None:
    assert run("--rpc", serve(), "--block", block)[0] == 75


def test_another_block_than_the_pinned_one_is_refused(run, serve) -> None:
    code, text = run("--rpc", serve(), "--block", f"20:0x{'11' * 32}")
    assert code == 20
    assert "as you know it" in text


def test_a_directory_without_a_transcript(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["verify", str(tmp_path), "--offline"]) == 36
    assert "holds no transcript" in capsys.readouterr().err


@pytest.mark.parametrize(
    "same",
    [
        ("http://a.example", "http://a.example:80", "http://A.example/", "http://a.example.", "http://a.example#x"),
        ("https://a.example/v1", "https://a.example:443/v1/"),
        ("http://127.0.0.1:8545", "http://localhost:8545/", "http://[::1]:8545", "http://127.0.0.2:8545"),
    ],
)
def test_one_endpoint_however_it_is_spelt(same: tuple[str, ...]) -> None:
    assert distinct(same) == same[:1]


def test_endpoints_that_differ() -> None:
    urls = ("http://a.example", "http://a.example:81", "http://b.example", "https://a.example", "http://a.example/1", "http://a.example?k=1")
    assert distinct(urls) == urls


@pytest.mark.parametrize("secret", ["http://u:p@a.example", "https://u@a.example"])
def test_an_endpoint_with_a_secret_in_it_is_not_shown(secret: str) -> None:
    with pytest.raises(AnswerError) as caught:
        distinct([secret])
    assert secret not in caught.value.message


@pytest.mark.parametrize("url", ["ftp://a.example", "a.example", "http://", "http://a.example:port", "http://[::1", ""])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(AnswerError):
        distinct(["http://a.example", url])


def test_more_endpoints_than_anybody_needs() -> None:
    many = [f"http://{number}.example" for number in range(ENDPOINT_LIMIT + 1)]
    assert len(distinct(many[:-1])) == ENDPOINT_LIMIT
    with pytest.raises(AnswerError):
        distinct(many)
    assert distinct([*many[:1] * 40, many[1]]) == tuple(many[:2]), "the one named after forty copies counts too"
