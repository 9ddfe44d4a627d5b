"""SLIP-39 mnemonics, taken one by one and combined by the reference implementation, `shamir-mnemonic` (pure).

What is wrong is said by the number of the mnemonic and the place of a word, never by what was typed; the library's messages repeat words.
"""

from shamir_mnemonic.constants import METADATA_LENGTH_WORDS, MIN_MNEMONIC_LENGTH_WORDS, RADIX_BITS
from shamir_mnemonic.recovery import RecoveryState
from shamir_mnemonic.share import Share
from shamir_mnemonic.utils import MnemonicError
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from ceremony.errors import AdoptionError

WORDS_LIMIT = 512
"""Words of one mnemonic: a secret of 600 bytes."""
PRINTABLE = range(32, 127)
_PADDING_LIMIT = 8
_AGAIN = "Read it again from the paper and type it once more."
_ANOTHER = "Type a mnemonic of the same set, or start again with the other set."
_CAUSES = {"checksum": "its checksum is wrong: a word is mistyped, missing or in another's place", "padding": "its padding is wrong"}


class Mnemonics:
    """The mnemonics of one secret so far."""

    def __init__(self) -> None:
        self._state = RecoveryState()
        self._numbers: dict[Share, int] = {}

    @property
    def complete(self) -> bool:
        """Whether these give back the secret."""
        return bool(self._state.is_complete())

    def add(self, number: int, text: str) -> str:
        """Take mnemonic `number` and say where it belongs; AdoptionError, and the set stays as it was, when it cannot be one of them."""
        share = _parse(number, text)
        self._require_fitting(number, share)
        self._state.add_share(share)
        self._numbers[share] = number
        entered, needed = self._state.group_status(share.group_index)
        groups = f"{self._state.groups_complete()} of {share.group_threshold} groups complete"
        return f"group {share.group_index + 1}, {entered} of {needed} of it; {groups}"

    def secret(self, passphrase: str) -> bytes:
        """The master secret under this passphrase; another passphrase gives another secret, which nothing can tell (SLIP-39).

        AdoptionError when there are too few, the set's digest is wrong, or the passphrase has characters that SLIP-39 does not know.
        """
        if not self.complete:
            message = f"too few mnemonics: {len(self._numbers)} given"
            raise AdoptionError(message, remedy="Give as many of each group as it needs; each mnemonic says how many.")
        if not all(ord(letter) in PRINTABLE for letter in passphrase):
            message = "the passphrase has a character that SLIP-39 does not know: it takes printable ASCII"
            raise AdoptionError(message, culprits=("the passphrase",), remedy="Type it as it was when the mnemonics were made.")
        try:
            return bytes(self._state.recover(passphrase.encode()))
        except (MnemonicError, ValueError):  # its digest: four bytes that only the true secret gives
            message = "the mnemonics pass their checksums, but not the set's digest: one is of another secret"
            remedy = "Start again with other mnemonics of this set, one exchanged at a time: with the wrong one left out, they combine."
            raise AdoptionError(message, culprits=self._who(), remedy=remedy) from None

    def _require_fitting(self, number: int, share: Share) -> None:
        """Raise AdoptionError unless this mnemonic belongs to those before it and brings something new."""
        for other, before in self._numbers.items():
            if share == other:
                raise _refusal(number, f"it is mnemonic {before} once more", "Type another one.")
            if share.common_parameters() != other.common_parameters() or len(share.value) != len(other.value):
                raise _refusal(number, f"it is not of one set with mnemonic {before}", _ANOTHER)
            if share.group_index == other.group_index and share.member_threshold != other.member_threshold:
                raise _refusal(number, f"it needs another number of mnemonics than mnemonic {before} of the same group", _ANOTHER)
            if (share.group_index, share.index) == (other.group_index, other.index):
                raise _refusal(number, f"it has the place of mnemonic {before}, and other words", _ANOTHER)
        if self._state.group_is_complete(share.group_index):
            raise _refusal(number, f"its group {share.group_index + 1} is complete", "Type one of another group.")

    def _who(self) -> tuple[str, ...]:
        return tuple(f"mnemonic {number}" for number in sorted(self._numbers.values()))


def _parse(number: int, text: str) -> Share:
    words = text.lower().split()
    unknown = [str(place) for place, word in enumerate(words, 1) if word not in WORD_INDEX_MAP]
    if unknown:
        raise _refusal(number, f"word {', '.join(unknown)} is none of SLIP-39's", _AGAIN)
    spare = RADIX_BITS * (len(words) - METADATA_LENGTH_WORDS) % 16
    if not MIN_MNEMONIC_LENGTH_WORDS <= len(words) <= WORDS_LIMIT or spare > _PADDING_LIMIT:
        raise _refusal(number, f"no mnemonic has {len(words)} words; most have 20 or 33", _AGAIN)
    try:
        return Share.from_mnemonic(" ".join(words))
    except MnemonicError as error:
        cause = next((cause for word, cause in _CAUSES.items() if word in str(error)), "it says that it needs more groups than there are")
        raise _refusal(number, cause, _AGAIN) from None


def _refusal(number: int, what: str, remedy: str) -> AdoptionError:
    return AdoptionError(f"mnemonic {number}: {what}", culprits=(f"mnemonic {number}",), remedy=remedy)
