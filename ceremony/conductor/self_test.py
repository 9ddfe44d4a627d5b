"""Known answers, computed anew at every run, so that a broken machine or installation is found before a token is touched (pure)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ceremony.acts.typed import domain_separator, hash_struct, keccak256, typed_digest
from ceremony.errors import CeremonyError, SelfTestError
from ceremony.records.canonical import encode_canonical
from ceremony.shards.shamir import Polynomial, Share, combine
from ceremony.transcript.merkle import Tree, leaf_hash


def self_test() -> tuple[str, ...]:
    """The names of all self-tests, once all have passed; SelfTestError naming the one that has not."""
    for name, test in TESTS.items():
        try:
            passed = test()
        except (CeremonyError, ValueError, ArithmeticError) as error:
            message = f"the self-test of {name} ended in {type(error).__name__}"
            raise SelfTestError(message, culprits=(name,)) from None
        if not passed:
            message = f"the self-test of {name} gave a wrong answer"
            raise SelfTestError(message, culprits=(name,))
    return tuple(TESTS)


def _sharing() -> bool:
    # SPEC RFC 9591 Appendix E.4 (FROST(P-256, SHA-256), 2 of 3): group secret key, coefficient and participant shares.
    secret = 0x8BA9BBA2E0FD8C4767154D35A0B7562244A4AAF6F36C8FB8735FA48B301BD8DE
    coefficient = 0x80F25E6C0709353E46BFBE882A11BDBB1F8097E46340EB8673B7E14556E6C3A4
    shares = (
        0x0C9C1A0FE806C184ADD50BBDCAC913DDA73E482DAF95DCB9F35DBB0D8A9F7731,
        0x8D8E787BEF0FF6C2F494CA45F4DAD198C6BEE01212D6C84067159C52E1863AD5,
        0x0E80D6E8F6192C003B5488CE1EEC8F5429587D48CF001541E713B2D53C09D928,
    )
    split = Polynomial((secret, coefficient)).split(3)
    return tuple(share.value for share in split) == shares and combine([Share(3, shares[2]), Share(1, shares[0])], 2) == secret


def _tree() -> bool:
    # SPEC RFC 6962 2.1: the root of nothing, and of one empty leaf.
    return (
        Tree().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        and Tree([leaf_hash(b"")]).root().hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


def _canonical_json() -> bool:
    # SPEC RFC 8785 3.2.3: members in order, no blanks.
    value = {"literals": [None, True, False], "b": 1, "a": "\u20ac"}
    return encode_canonical(value) == '{"a":"€","b":1,"literals":[null,true,false]}'.encode()


def _typed_data() -> bool:
    # SPEC EIP-712: the domain of its "Ether Mail" example, and a flat struct in it.
    domain = domain_separator(
        name="Ether Mail", version="1", chain_id=1, verifying_contract=bytes.fromhex("CcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")
    )
    person = (("name", "string"), ("wallet", "address"))
    cow = hash_struct("Person", person, {"name": "Cow", "wallet": bytes.fromhex("CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")})
    return (
        domain.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
        and cow.hex() == "fc71e5fa27ff56c350aa531bc129ebdf613b772b6604664f5d8dbe21b85eb0c8"
        and len(typed_digest(domain, cow)) == 32  # noqa: PLR2004 - a digest
        and keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )


def _aead() -> bool:
    # SPEC RFC 8439 2.8.2.
    key, nonce = bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647")
    text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    sealed = ChaCha20Poly1305(key).encrypt(nonce, text, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    tag, begins = bytes.fromhex("1ae10b594f09e26a7e902ecbd0600691"), bytes.fromhex("d31a8d34648e60db7b86afbc53ef7ec2")
    return sealed.endswith(tag) and sealed.startswith(begins)


TESTS: Mapping[str, Callable[[], bool]] = MappingProxyType(
    {
        "sharing": _sharing,
        "tree": _tree,
        "canonical JSON": _canonical_json,
        "typed data": _typed_data,
        "authenticated encryption": _aead,
    },
)
