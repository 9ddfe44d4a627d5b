"""Every refusal the toolkit can utter, one tree (long because it has one home).

    CeremonyError
    ├── PlanError             30  the plan is wrong; lists every problem at once
    ├── PlanChanged           31  the plan differs from the one in entry 0
    ├── RecordError           32  bytes are not one canonical, valid record
    ├── TranscriptError       33  the transcript was edited, lost, reordered or forked
    │   ├── TornTail          34  its last line was cut short by a crash and cannot be dropped safely
    │   └── OutOfTurn         35  an entry stands where the protocol does not allow it
    ├── DirectoryError        36  a file or directory cannot be used (permissions, missing, exists already)
    │   ├── DirectoryBusy     37  another command is acting on this directory
    │   └── DiskError         38  the disk failed or is full
    ├── SelfTestError         39  a known answer came out wrong: the tool itself is broken
    ├── TokenError            40  something about one token
    │   ├── ModuleError       41  the PKCS#11 module cannot be loaded
    │   ├── TokenMissing      42  no token with this serial
    │   ├── TokenAmbiguous    43  two tokens with one serial
    │   ├── TokenIncapable    44  a mechanism or attribute the ceremony needs is not there
    │   ├── TokenLied         45  what the token said is not so
    │   ├── TokenFault        46  the token answered with an unexpected code
    │   ├── PinWrong          47  tried once, not again
    │   ├── PinLocked         48  the token locked itself
    │   ├── PinRefused        49  this PIN may not be used here
    │   ├── AgentCrashed      50  the token's process ended
    │   ├── AgentTimeout      51  the token's process did not answer in time
    │   └── MarkError         52  the token's high-water mark is missing, ahead, or of another history
    ├── MemoryNotLocked       54  the plan requires locked memory for secrets, and this system did not allow it
    ├── DealingError          55  a dealing is not what it claims; it must be thrown away
    │   ├── ShareError        56  a share or index is invalid
    │   ├── OpeningError      57  an envelope did not open; names who answered wrongly
    │   └── ImportKeyLost     53  the one-time key for a plain import ended with its process
    ├── RequestRefused        58  a request or an answer that came as a file does not belong here
    │   └── Replayed          59  a request that was used before comes again, changed
    ├── AdoptionError         62  an existing secret cannot be adopted from what was given; names the share
    ├── CombinerLied          63  the combiner asks, or shows, what no honest one does
    ├── ApprovalError         60  an approval does not count
    │   └── QuorumError       61  fewer than the quorum approve
    ├── ChainError            65  something about the chain
    │   ├── ChainUnreachable  66  no endpoint answers
    │   │   └── AnswerLost    74  a transaction was handed over, and no answer came back that can be believed
    │   ├── ChainMismatch     67  wrong chain id, wrong code, wrong state
    │   ├── ChainLied         68  an endpoint's answer is not so
    │   │   └── EndpointsDisagree 73  endpoints contradict each other; nobody can tell from outside which one lies
    │   ├── NonceUsed         64  the payer's nonce has gone into a block already
    │   ├── NotFinal          69  finality did not come in time
    │   ├── BalanceTooLow     70  the payer cannot pay
    │   ├── DeadlinePassed    71  the act's deadline is over
    │   └── CallReverted      72  the contract refused
    ├── AnswerError           75  a person (or the answers pipe) did not give a usable answer
    │   ├── Declined          76  the answer was not an exact "Yes"
    │   └── DiceRefused       78  rolls of a die that are too few, no rolls, or not rolled
    ├── ToolFault             77  something nobody foresaw: a fault of this tool
    ├── Alarm                 80  `watch` saw on chain what the transcript does not explain
    │   ├── UnknownAct        81  the contract took an act that the transcript does not know
    │   ├── RosterChanged     82  another roster is in charge
    │   ├── HaltSeen          83  the contract is halted
    │   ├── CodeDrift         84  other code stands at the contract's address, or none
    │   └── ForkSeen          85  a block or an act that was final is gone
    ├── Owed                   3  nothing is wrong; somebody must act first
    └── CheckFailed           20  `verify` found a lie; named after the check

Each class has an exit code of its own, names its culprits (tokens, custodians, files, endpoints, entries) and says what to do next.
"""

from collections.abc import Mapping
from typing import ClassVar


class CeremonyError(Exception):
    """Base of all named refusals.

    Args:
        message: what happened, in plain English, without secrets.
        culprits: who or what is at fault ("custodian 3 Ada", "entry 17", "https://..."), never a secret.
        remedy: what the reader should do next.
    """

    exit_code: ClassVar[int] = 1
    remedy: ClassVar[str] = "Read the message, correct what it names and run the same command again."

    def __init__(self, message: str, *, culprits: tuple[str, ...] = (), remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.culprits = culprits
        self.next_step = remedy or self.remedy

    @property
    def name(self) -> str:
        """The error's name as users, logs and JSON see it."""
        return type(self).__name__


class PlanError(CeremonyError):
    """The plan is wrong."""

    exit_code = 30
    remedy = "Correct every line named above, then run `ceremony plan check PLAN` again."


class PlanChanged(CeremonyError):
    """The plan differs from the one this ceremony was started with."""

    exit_code = 31
    remedy = "Put the original plan back, or start a new ceremony in a new directory."


class RecordError(CeremonyError):
    """Bytes that are not one canonical, valid record."""

    exit_code = 32
    remedy = "Take the file from an unaltered copy; do not edit it."


class TranscriptError(CeremonyError):
    """The transcript was edited, lost, reordered or forked."""

    exit_code = 33
    remedy = "Stop. Keep this copy as evidence and go on from the unaltered copy."


class TornTail(TranscriptError):
    """The last line is incomplete and is not the start of an entry."""

    exit_code = 34


class OutOfTurn(TranscriptError):
    """An entry stands where the protocol does not allow it."""

    exit_code = 35
    remedy = "If you asked for this: `ceremony status DIR` says what is owed now. In a transcript it means: edited; keep that copy."


class DirectoryError(CeremonyError):
    """A file or directory cannot be used."""

    exit_code = 36
    remedy = "Check the path and its permissions, then run the same command again."


class DirectoryBusy(DirectoryError):
    """Another command is acting on this directory."""

    exit_code = 37
    remedy = "Wait for the other command to end, then run this one again."


class DiskError(DirectoryError):
    """The disk failed or is full."""

    exit_code = 38
    remedy = "Make room or replace the disk; nothing written before is lost. Then run the same command again."


class SelfTestError(CeremonyError):
    """A known answer came out wrong."""

    exit_code = 39
    remedy = "Do not use this machine or installation: install the pinned packages afresh and try again."


class TokenError(CeremonyError):
    """Something about one token."""

    exit_code = 40
    remedy = "Check that the right token is connected, then run the same command again."


class ModuleError(TokenError):
    """The PKCS#11 module cannot be loaded."""

    exit_code = 41
    remedy = "Check the module and config paths in the plan, and that the vendor's software is installed."


class TokenMissing(TokenError):
    """No token with this serial."""

    exit_code = 42
    remedy = "Connect the token with the serial named in the plan, then run the same command again."


class TokenAmbiguous(TokenError):
    """Two tokens with one serial."""

    exit_code = 43
    remedy = "Leave only one of them connected; find out why a second one claims the same serial."


class TokenIncapable(TokenError):
    """A mechanism or attribute the ceremony needs is not there."""

    exit_code = 44
    remedy = "Change the token's configuration or use another model; `ceremony doctor` shows what is missing."


class TokenLied(TokenError):
    """What the token said is not so."""

    exit_code = 45
    remedy = "Take this token out of the ceremony and keep it as evidence; do not try again with it."


class TokenFault(TokenError):
    """The token answered with an unexpected code."""

    exit_code = 46


class PinWrong(TokenError):
    """The PIN was wrong. It was tried once."""

    exit_code = 47
    remedy = "Make sure of the PIN before the next try: tokens lock themselves after a few wrong ones."


class PinLocked(TokenError):
    """The token locked itself."""

    exit_code = 48
    remedy = "Have the security officer set a new PIN with `ceremony pin --so`."


class PinRefused(TokenError):
    """This PIN may not be used here."""

    exit_code = 49
    remedy = "Public rehearsal PINs open rehearsal tokens only: set a secret PIN with `ceremony pin`."


class AgentCrashed(TokenError):
    """The token's process ended."""

    exit_code = 50
    remedy = "Nothing is lost: run the same command again; if it happens again, try the token with `ceremony doctor`."


class AgentTimeout(TokenError):
    """The token's process did not answer in time."""

    exit_code = 51
    remedy = "Unplug and reconnect the token, then run the same command again."


class MarkError(TokenError):
    """The token's high-water mark forbids this."""

    exit_code = 52
    remedy = "Stop: this token has signed for a later or another history. Compare the transcript copies."


class MemoryNotLocked(CeremonyError):
    """The memory of a process that is about to hold a secret could not be locked, and the plan requires it."""

    exit_code = 54
    remedy = (
        "Raise the limit (`ulimit -l unlimited`; the administrator may have to allow it: memlock in limits.conf, LimitMEMLOCK= of a "
        "service), then run the same command again. No secret was made or opened."
    )


class DealingError(CeremonyError):
    """A dealing is not what it claims."""

    exit_code = 55
    remedy = "Run `ceremony run DIR` again: this dealing is thrown away and a new one is made."


class ShareError(DealingError):
    """A share or index is invalid."""

    exit_code = 56


class OpeningError(DealingError):
    """An envelope did not open."""

    exit_code = 57
    remedy = "Find out what is wrong with the one named above; a ceremony under way goes on with `ceremony run DIR`, by a new dealing."


class ImportKeyLost(DealingError):
    """The one-time key for a plain import ended with its process."""

    exit_code = 53


class RequestRefused(CeremonyError):
    """A request or an answer that came as a file does not belong here: another ceremony's, a stranger's, or to something else."""

    exit_code = 58
    remedy = "Leave out the file named above, or get the right one from the person named, by a way you trust."


class Replayed(RequestRefused):
    """A request that was used before comes again, changed."""

    exit_code = 59
    remedy = "Do not answer it. Ask the requester, in person or by telephone, for a new request with `ceremony unseal request`."


class AdoptionError(CeremonyError):
    """An existing secret cannot be adopted from what was given: a share is mistyped or foreign, or there are too few."""

    exit_code = 62
    remedy = "Nothing was sealed, and nothing shown. Run the same command again with the shares of one set."


class CombinerLied(CeremonyError):
    """The combiner, or whoever drives it, asks or shows what no honest one does; the agent's answers stay shut."""

    exit_code = 63
    remedy = "Stop: this machine may be set to open other envelopes. Take the tokens away from it and find out who changed it."


class ApprovalError(CeremonyError):
    """An approval does not count."""

    exit_code = 60
    remedy = "Have the custodian approve the act that is owed now; `ceremony status DIR` shows it."


class QuorumError(ApprovalError):
    """Fewer than the quorum approve."""

    exit_code = 61
    remedy = "More custodians must approve first; `ceremony status DIR` shows who has not."


class ChainError(CeremonyError):
    """Something about the chain."""

    exit_code = 65
    remedy = "Check the endpoints that were named, in the plan or with --rpc, then run the same command again."


class ChainUnreachable(ChainError):
    """No endpoint answers, or it answers that it will not."""

    exit_code = 66
    refusal: str = ""
    """The endpoint's own words when it did answer: then it has done nothing."""


class AnswerLost(ChainUnreachable):
    """A transaction was handed over, and no answer came back that can be believed: it may be on its way, or not."""

    exit_code = 74
    remedy = "Nothing is lost: run the same command again; it looks on the chain first, and what it sends takes effect once."


class NonceUsed(ChainError):
    """The payer's nonce has gone into a block already, with this transaction or with another one."""

    exit_code = 64
    remedy = "Run the same command again: it looks on the chain first. If it goes on, let nothing else use the payer's key meanwhile."


class ChainMismatch(ChainError):
    """Wrong chain id, wrong code or wrong state."""

    exit_code = 67
    remedy = "Do not go on: find out which chain and contract this endpoint serves."


class ChainLied(ChainError):
    """An endpoint's answer is not so: a proof, a receipt, a log."""

    exit_code = 68
    remedy = "Do not trust this endpoint: ask another one, and keep the answers as evidence."


class EndpointsDisagree(ChainLied):
    """Endpoints contradict each other; nobody can tell from outside which one lies, so nothing is decided (P7).

    `said` is the evidence: what each endpoint said, by its name.
    """

    exit_code = 73
    remedy = "Hold: decide nothing. Keep the answers (--json shows them), and ask more endpoints, run by other people."

    def __init__(
        self, message: str, said: Mapping[str, str] | None = None, *, culprits: tuple[str, ...] = (), remedy: str = ""
    ) -> None:
        self.said = said or {}
        super().__init__(message, culprits=culprits or tuple(f"{name}: {answer}" for name, answer in self.said.items()), remedy=remedy)


class NotFinal(ChainError):
    """Finality did not come in time."""

    exit_code = 69
    remedy = "Nothing is lost: run the same command again later; it goes on waiting."


class BalanceTooLow(ChainError):
    """The payer cannot pay."""

    exit_code = 70
    remedy = "Send funds to the payer named above, then run the same command again. The payer has no authority."


class DeadlinePassed(ChainError):
    """The act's deadline is over."""

    exit_code = 71
    remedy = "Run `ceremony run DIR`: once this is final, a new act is proposed and approved afresh."


class CallReverted(ChainError):
    """The contract refused."""

    exit_code = 72
    data: bytes = b""
    """The contract's own error, ABI-encoded: its first four bytes name it."""
    remedy = "Compare the contract's state with `ceremony status DIR`; the reason is named above."


class AnswerError(CeremonyError):
    """No usable answer was given."""

    exit_code = 75
    remedy = "Correct what is named above; the command's --help shows an example."


class Declined(AnswerError):
    """The answer was not an exact "Yes"."""

    exit_code = 76
    remedy = "Nothing was done. Run the command again when you are sure, and type exactly: Yes"


class DiceRefused(AnswerError):
    """Rolls of a die that are too few, no rolls, or not rolled."""

    exit_code = 78
    remedy = "Roll a fair die at least 100 times, type what came up, and nothing else."


class ToolFault(CeremonyError):
    """Something nobody foresaw."""

    exit_code = 77
    remedy = "Nothing written before is lost. Report this line, and what you did; then run the same command again."


class Alarm(CeremonyError):
    """`watch` saw on chain what the transcript does not explain."""

    exit_code = 80
    remedy = "Call the custodians: any three of them can halt the contract. Keep this line and the transcript as evidence."


class UnknownAct(Alarm):
    """The contract took an act that the transcript does not know."""

    exit_code = 81


class RosterChanged(Alarm):
    """Another roster is in charge."""

    exit_code = 82


class HaltSeen(Alarm):
    """The contract is halted."""

    exit_code = 83
    remedy = "Ask the custodians why: only five of them can resume, or rotate while it is halted."


class CodeDrift(Alarm):
    """Other code stands at the contract's address, or none."""

    exit_code = 84


class ForkSeen(Alarm):
    """A block or an act that was final is gone."""

    exit_code = 85
    remedy = "Rely on nothing that was read since. Ask other endpoints; keep both histories as evidence."


class Owed(CeremonyError):
    """Nothing is wrong; somebody must act first."""

    exit_code = 3
    remedy = "Run the command named above, then `ceremony run DIR` again."


class CheckFailed(CeremonyError):
    """`verify` found a lie.

    Args:
        message: what is not so.
        check: the name of the check, which is also its function's name.
    """

    exit_code = 20
    remedy = "Do not rely on this ceremony. Keep this copy as evidence and ask the custodians for theirs."

    def __init__(
        self, message: str, *, check: str, culprits: tuple[str, ...] = (), remedy: str = "", said: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, culprits=culprits, remedy=remedy)
        self.check = check
        self.said = said
        """What each endpoint said, when they contradict each other: then nothing is decided."""
