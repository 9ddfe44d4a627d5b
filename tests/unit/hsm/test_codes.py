"""Every PKCS#11 return code has one meaning, whichever way python-pkcs11 spells it, and nothing without a name gets out."""

import pkcs11.exceptions
import pytest

from ceremony.errors import PinLocked, PinRefused, PinWrong, RecordError, TokenFault, TokenIncapable, TokenMissing
from ceremony.hsm.codes import MEANING, Ckr, code_of, explain_code, named_codes

WHO = "token 5e1c"
TYPED = "what a person typed"

# Written out here a second time, so that a changed table is seen.
KINDS = {
    PinWrong: {"PIN_INCORRECT"},
    PinLocked: {"PIN_LOCKED"},
    PinRefused: {"PIN_INVALID", "PIN_LEN_RANGE", "PIN_TOO_WEAK", "PIN_EXPIRED", "USER_PIN_NOT_INITIALIZED"},
    TokenMissing: {"TOKEN_NOT_PRESENT", "TOKEN_NOT_RECOGNIZED", "DEVICE_REMOVED", "SLOT_ID_INVALID"},
    TokenIncapable: {
        "MECHANISM_INVALID",
        "MECHANISM_PARAM_INVALID",
        "ATTRIBUTE_TYPE_INVALID",
        "ATTRIBUTE_VALUE_INVALID",
        "ATTRIBUTE_READ_ONLY",
        "TEMPLATE_INCOMPLETE",
        "TEMPLATE_INCONSISTENT",
        "CURVE_NOT_SUPPORTED",
        "DOMAIN_PARAMS_INVALID",
        "FUNCTION_NOT_SUPPORTED",
        "KEY_SIZE_RANGE",
        "RANDOM_NO_RNG",
        "TOKEN_WRITE_PROTECTED",
    },
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


@pytest.mark.parametrize("code", Ckr, ids=lambda code: code.name)
def test_every_code_has_its_meaning(code):
    error = explain_code(code, "sign", WHO)
    assert type(error) is KIND_OF.get(code.name, TokenFault)
    assert error.message == f"token 5e1c cannot sign (CKR_{code.name})"
    assert error.culprits == (WHO,)
    assert error.next_step


def test_the_table_holds_nothing_else():
    assert {code.name for code in MEANING} == set(KIND_OF)


@pytest.mark.parametrize("value", [0x80000001, 0x77777777, -1])
def test_an_unknown_code_is_a_fault_that_shows_it(value):
    error = explain_code(value, "sign", WHO)
    assert type(error) is TokenFault
    assert f"code 0x{value:x}" in error.message


def test_numbers_are_those_of_the_standard():
    known = {"PIN_INCORRECT": 0xA0, "PIN_LOCKED": 0xA4, "TEMPLATE_INCONSISTENT": 0xD1, "ACTION_PROHIBITED": 0x1B, "MUTEX_BAD": 0x1A0}
    assert {name: Ckr[name].value for name in known} == known
    assert len({code.value for code in Ckr}) == len(Ckr.__members__)


# Classes of python-pkcs11 that stand for no code of a token.
NO_CODE = {
    "PKCS11Error",
    "AlreadyInitialized",
    "MultipleObjectsReturned",
    "MultipleTokensReturned",
    "NoSuchKey",
    "NoSuchToken",
}


def classes():
    found = vars(pkcs11.exceptions).values()
    return [kind for kind in found if isinstance(kind, type) and issubclass(kind, pkcs11.exceptions.PKCS11Error)]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_class_of_python_pkcs11_is_known(kind):
    value = code_of(kind())
    assert (value is None) == (kind.__name__ in NO_CODE)
    assert value is None or value in {int(code) for code in Ckr}


@pytest.mark.parametrize(
    ("error", "value"),
    [
        (pkcs11.exceptions.PinIncorrect(), 0xA0),
        (pkcs11.exceptions.PinLocked(), 0xA4),
        (pkcs11.exceptions.FunctionCancelled(), 0x50),
        (pkcs11.exceptions.TokenNotRecognised(), 0xE1),
        (pkcs11.exceptions.AnotherUserAlreadyLoggedIn(), 0x104),
        (pkcs11.exceptions.PKCS11Error("Unmapped error code 0x1b"), 0x1B),
        (pkcs11.exceptions.PKCS11Error("Unmapped error code 0x80000001"), 0x80000001),
        (pkcs11.exceptions.PKCS11Error("Unmapped error code"), None),
        (ValueError("0xa0"), None),
    ],
    ids=str,
)
def test_a_code_is_read_back_from_an_exception(error, value):
    assert code_of(error) == value


def test_a_named_error_passes_the_wall():
    original = RecordError("as it was")
    with pytest.raises(RecordError) as caught, named_codes("sign", WHO):
        raise original
    assert caught.value is original


@pytest.mark.parametrize(
    ("thrown", "kind", "said"),
    [
        (pkcs11.exceptions.PinIncorrect(), PinWrong, "CKR_PIN_INCORRECT"),
        (pkcs11.exceptions.PKCS11Error("Unmapped error code 0x1b"), TokenFault, "CKR_ACTION_PROHIBITED"),
        (AttributeError(TYPED), TokenFault, "(AttributeError)"),
        (KeyError(TYPED), TokenFault, "(KeyError)"),
        (pkcs11.exceptions.NoSuchKey(TYPED), TokenFault, "(NoSuchKey)"),
    ],
    ids=str,
)
def test_whatever_is_thrown_gets_a_name_and_loses_its_text(thrown, kind, said):
    with pytest.raises(kind) as caught, named_codes("sign", WHO):
        raise thrown
    assert type(caught.value) is kind
    assert said in caught.value.message
    assert TYPED not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_stop_is_no_fault_of_the_token(stop):
    with pytest.raises(stop), named_codes("sign", WHO):
        raise stop


def test_nothing_thrown_is_nothing_done():
    with named_codes("sign", WHO):
        pass
