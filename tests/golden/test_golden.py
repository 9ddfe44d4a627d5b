from ceremony import errors
from scripts.readme import README, filled
from tests.golden.cases import EXPECTED, _classes, cases


def test_every_verb_and_every_error_reads_as_agreed() -> None:
    found = dict(cases())
    kept = {path.stem: path.read_text() for path in EXPECTED.glob("*.txt")}
    assert sorted(found) == sorted(kept)
    for name, text in found.items():
        assert text == kept[name], f"{name} changed: read it, then write it anew with `python -m tests.golden.cases`"


def test_every_error_has_an_exit_code_of_its_own_and_a_next_step() -> None:
    kinds = _classes(errors.CeremonyError)
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert all(kind.remedy for kind in kinds)


def test_the_error_tree_in_the_docstring_is_the_tree_there_is() -> None:
    for kind in _classes(errors.CeremonyError) - {errors.CeremonyError}:
        line = next(line for line in str(errors.__doc__).splitlines() if f"── {kind.__name__} " in line)
        assert int(line.split(kind.__name__)[1].split()[0]) == kind.exit_code


def test_the_readme_shows_what_the_program_prints() -> None:
    text = README.read_text()
    assert text == filled(text), "write it anew with `python -m scripts.readme`"
