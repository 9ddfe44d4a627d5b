"""`ceremony unseal`: a sealed file opened in one room, or over several places by `request`, `answer` and `combine`."""

import json
from pathlib import Path
from typing import Any

import click


class Unseal(click.Command):
    """A command that has verbs beside its own use: the first argument decides."""

    def make_context(self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any) -> click.Context:  # noqa: ANN401 - click's
        """Its own context, or that of the verb."""
        verb = VERBS.get(args[0]) if args else None
        if verb is None:
            return super().make_context(info_name, args, parent, **extra)
        return verb.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both uses."""
        super().format_usage(ctx, formatter)
        formatter.write_usage(ctx.command_path, f"{'|'.join(VERBS)} [OPTIONS] ...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of its own use, and the verbs."""
        super().format_options(ctx, formatter)
        with formatter.section("Over several places"):
            formatter.write_dl([(name, verb.get_short_help_str(80)) for name, verb in VERBS.items()])


@click.command(cls=Unseal, short_help="Open a sealed file with five custodians' tokens.")
@click.argument("file", metavar="FILE")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", "-o", "target", required=True, metavar="FILE", help="Where the plaintext goes, a new file; - for standard output.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is opened; it is shown to each custodian and written down.")
@click.option("--custodian", "names", multiple=True, metavar="NAME", help="Who answers, each of them. [default: in turn, until five did]")
@click.option("--untrusted-sealer", "untrusted", is_flag=True, help="Five approve the header first; no tag of the sealer's is relied on.")
@click.option("--dry-run", is_flag=True, help="Only show what each custodian would read.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object, on standard error with -o -.")
def unseal(
    file: str,
    directory: Path,
    target: str,
    reason: str,
    names: tuple[str, ...],
    untrusted: bool,
    dry_run: bool,
    answers_fd: int | None,
    as_json: bool,
) -> None:
    """Open FILE, sealed to the ceremony in DIR. Each custodian reads what it says of itself and the reason, answers Yes and gives the PIN;
    the token answers once. No shard leaves a token and the master secret never exists. A token that answers wrongly is named, and the
    file opens all the same while five answer rightly; naming more than five with --custodian asks each of them. What was asked and what
    came of it goes to DIR/custody.

    The plaintext file is named once the whole of FILE has proven unaltered. To standard output, each part goes as soon as that part has.

    The sealer's tags say which answer is right. With --untrusted-sealer nobody relies on them: five custodians first sign their approval of
    exactly this header, each agent checks five approvals against the transcript it knows, and each token answers two questions, of which
    one checks the other. Whoever sealed it may have made it from another envelope: approve only what you know the origin of.

    All of that in one room. Over several places: `request`, then `answer` at each custodian's place, then `combine`. (A FILE that is called
    like one of these is written ./request.)

    \b
    Example:
      ceremony unseal payroll.csv.sealed ceremony-2026 -o payroll.csv --reason "audit of 2026"
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.sealing import STREAM
    from ceremony.cli.unsealing import Asked, preview, unseal_file

    asked = Asked(directory, reason, names, answers_fd, quiet=as_json)
    if dry_run:
        click.echo("\n".join(preview(file, asked, untrusted=untrusted)))
        return
    outcome = unseal_file(file, target, asked, untrusted=untrusted)
    click.echo(json.dumps(outcome) if as_json else f"Opened by {', '.join(outcome['custodians'])}: {target}", err=target == STREAM)


@click.command(short_help="Ask custodians elsewhere to answer, by a file.")
@click.argument("file", metavar="FILE")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", "-o", "target", type=click.Path(path_type=Path), required=True, metavar="REQUEST", help="The request, a new file.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is opened; each custodian reads it, and it is written down.")
@click.option("--requester", required=True, metavar="NAME", help="Who asks: you, as the custodians know you.")
@click.option("--custodian", "names", multiple=True, metavar="NAME", help="Who is asked, five at least. [default: all]")
@click.option("--dry-run", is_flag=True, help="Only show what each custodian would read.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def request(
    file: str,
    directory: Path,
    target: Path,
    reason: str,
    requester: str,
    names: tuple[str, ...],
    dry_run: bool,
    answers_fd: int | None,
    as_json: bool,
) -> None:
    """Write a request for the opening of FILE, sealed to the ceremony in DIR, to be sent to each custodian. It holds no secret. Sixteen
    words are shown once, at this terminal: whoever has them and the answers can open FILE. Write them down; `combine` asks for them.

    Each custodian will call you to hear the words of the request's own digest, which are shown too, and no secret.

    \b
    Example:
      ceremony unseal request payroll.csv.sealed ceremony-2026 --reason "audit of 2026" --requester "Ada Lovelace" -o payroll.request
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.requesting import preview_request, write_request
    from ceremony.cli.unsealing import Asked

    asked = Asked(directory, reason, names, answers_fd, quiet=as_json)
    if dry_run:
        click.echo("\n".join(preview_request(file, requester, asked)))
        return
    outcome = write_request(file, requester, target, asked)
    said = f"Request:   {outcome['request']}\nIn words:  {outcome['words']}\nSend {target} to {', '.join(outcome['custodians'])}."
    click.echo(json.dumps(outcome) if as_json else said)


@click.command(short_help="Answer a request, as one custodian.")
@click.argument("file", type=click.Path(path_type=Path), metavar="REQUEST")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--custodian", "name", required=True, metavar="NAME", help="Your name, as the plan spells it.")
@click.option("--out", "-o", "target", type=click.Path(path_type=Path), required=True, metavar="ANSWER", help="Your answer, a new file.")
@click.option("--module", metavar="PATH", help="Your token's PKCS#11 module, where it is not as in the plan.")
@click.option("--config", metavar="PATH", help="Its configuration file, likewise.")
@click.option("--dry-run", is_flag=True, help="Only show the request.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def answer(
    file: Path,
    directory: Path,
    name: str,
    target: Path,
    module: str | None,
    config: str | None,
    dry_run: bool,
    answers_fd: int | None,
    as_json: bool,
) -> None:
    """Read REQUEST, say Yes, give your PIN, and have your token answer, at your own place: DIR is your copy of the closed ceremony, and no
    token but yours is needed. ANSWER is signed with your governance key, and only whoever made the request can read it: send it to them.

    Call the requester first, by a way you trust, and compare the words of the request: a name in a file proves nothing. The same request is
    answered by the same answer again; another one with the same number is refused. What was asked and answered goes to DIR/custody.

    \b
    Example:
      ceremony unseal answer payroll.request ceremony-2026 --custodian "Grace Hopper" -o grace.answer
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.requesting import Moved, show_request, write_answer
    from ceremony.cli.unsealing import Asked

    asked = Asked(directory, "", (name,), answers_fd, quiet=as_json)
    if dry_run:
        click.echo("\n".join(show_request(file, asked)))
        return
    outcome = write_answer(file, target, asked, Moved(module, config))
    click.echo(json.dumps(outcome) if as_json else f"{outcome['custodian']} has answered. Send {target} to {outcome['requester']}.")


@click.command(short_help="Open a sealed file with the answers that came back.")
@click.argument("request_file", type=click.Path(path_type=Path), metavar="REQUEST")
@click.argument("file", metavar="FILE")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("answers", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="ANSWER...")
@click.option("--out", "-o", "target", required=True, metavar="FILE", help="Where the plaintext goes, a new file; - for standard output.")
@click.option("--dry-run", is_flag=True, help="Only say whose answers are here, validly signed.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object, on standard error with -o -.")
def combine(
    request_file: Path,
    file: str,
    directory: Path,
    answers: tuple[Path, ...],
    target: str,
    dry_run: bool,
    answers_fd: int | None,
    as_json: bool,
) -> None:
    """Open FILE with the custodians' answers to REQUEST, which was made with this DIR. Each must be of a custodian who was asked, signed
    with the key enrolled in the transcript; then the words that were shown with the request are asked for. A wrong answer names its
    custodian, and the file opens all the same while five are right. What came of it goes to DIR/custody.

    \b
    Example:
      ceremony unseal combine payroll.request payroll.csv.sealed ceremony-2026 *.answer -o payroll.csv
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.requesting import combine_files, read_answers
    from ceremony.cli.sealing import STREAM
    from ceremony.cli.unsealing import Asked

    asked = Asked(directory, "", (), answers_fd, quiet=as_json)
    if dry_run:
        click.echo("\n".join(read_answers(request_file, answers, asked).lines()))
        return
    outcome = combine_files(read_answers(request_file, answers, asked), file, target, asked)
    click.echo(json.dumps(outcome) if as_json else f"Opened by {', '.join(outcome['custodians'])}: {target}", err=target == STREAM)


VERBS = {"request": request, "answer": answer, "combine": combine}
