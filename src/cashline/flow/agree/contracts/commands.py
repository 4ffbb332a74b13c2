"""`cashline agreement …`: contracts and their signatures from a terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from cashline.platform.doors.terminal import (
    TERMINAL,
    json_option,
    limit_option,
    now,
    reason_option,
    resolve,
    say,
    table,
)

SHOWN = ("number", "title", "origin", "status", "net_total", "currency", "starts_on", "signed_on")
LINES_SHOWN = ("line_no", "description", "quantity", "unit_price", "interval_months", "term_months", "net_total")


@click.group("agreement")
def COMMANDS() -> None:  # noqa: N802 - the name by which every domain's commands are found
    """Agreements: their terms, their signatures, and the seal of signed contracts."""


def find_agreement(text: str) -> UUID:
    """An agreement by public id or number."""
    from cashline.flow.agree.contracts.queries import agreement_numbered

    return resolve("agreement", text, agreement_numbered)


def _shape(key: UUID) -> dict[str, Any]:
    from cashline.flow.agree.contracts import api, queries
    from cashline.flow.agree.contracts.queries.signatures import signatures_of

    return api.shape(queries.agreement(key)) | {
        "lines": [api.line_shape(line) for line in queries.term_lines(agreement_ids=[key])],
        "signatures": [api.signature_shape(one) for one in signatures_of([key])],
    }


@COMMANDS.command("list")
@click.option("--words", default="", help="Looked for in number, title, customer and purchase order.")
@click.option("--status", "statuses", multiple=True)
@click.option("--origin", "origins", multiple=True, type=click.Choice(["contract", "order"]))
@click.option("--cursor", default="")
@limit_option
@json_option
def agreement_list(
    words: str, statuses: Sequence[str], origins: Sequence[str], cursor: str, limit: int, as_json: bool
) -> None:
    """Agreements, the newest first."""
    from cashline.flow.agree.contracts import api, queries
    from cashline.platform.lists import Ask

    ask = Ask(cursor=cursor, limit=limit)
    page = queries.list_agreements(ask, words=words, statuses=statuses, origins=origins)
    table([api.shape(row) for row in page.items], SHOWN, as_json=as_json, next_cursor=page.next_cursor)


@COMMANDS.command("show")
@click.argument("agreement")
@json_option
def agreement_show(agreement: str, as_json: bool) -> None:
    """One AGREEMENT, by id or number, with its terms and signatures."""
    shape = _shape(find_agreement(agreement))
    if as_json:
        say(shape, "", as_json=True)
        return
    table([shape], SHOWN, as_json=False)
    table(shape["lines"], LINES_SHOWN, as_json=False)
    if shape["signatures"]:
        table(shape["signatures"], ("name", "email", "status", "signed_at"), as_json=False)


@COMMANDS.command("send")
@click.argument("agreement")
@click.option("--signer", "signers", nargs=2, multiple=True, required=True, help="Name and e-mail; may be repeated.")
@json_option
def agreement_send(agreement: str, signers: Sequence[tuple[str, str]], as_json: bool) -> None:
    """Send AGREEMENT to be signed; each signer gets a mail with a personal link."""
    from cashline.flow.agree.contracts import actions
    from cashline.flow.agree.contracts.rules.signing import Signer

    key = find_agreement(agreement)
    asked = [Signer(name, email) for name, email in signers]
    tokens = actions.send_for_signature(key, signers=asked, now=now(), actor=TERMINAL.actor)
    shape = _shape(key) | {"tokens": tokens}
    lines = [f"{name}: {token}" for (name, _email), token in zip(signers, tokens, strict=True)]
    say(shape, "\n".join([f"{shape['number']} is out for signature.", *lines]), as_json=as_json)


@COMMANDS.command("sign")
@click.argument("token")
@click.option("--name", required=True, help="The signer's name, as they type it.")
@click.option("--consent", required=True, help="The words that the signer agrees to.")
@json_option
def agreement_sign(token: str, name: str, consent: str, as_json: bool) -> None:
    """Hand in a signature by the personal TOKEN of a signer."""
    from cashline.flow.agree.contracts import actions
    from cashline.flow.agree.contracts.rules.signing import SignatureGiven, Visit

    given = SignatureGiven(name, consent, Visit(channel=f"terminal ({TERMINAL.actor})"))
    row = actions.sign_agreement(token, given=given, now=now())
    say(_shape(row.id), f"{row.number} is {row.status.replace('_', ' ')}.", as_json=as_json)


@COMMANDS.command("recall")
@click.argument("agreement")
@reason_option
@json_option
def agreement_recall(agreement: str, reason: str, as_json: bool) -> None:
    """Take AGREEMENT back from signing to draft."""
    from cashline.flow.agree.contracts import actions

    key = find_agreement(agreement)
    actions.recall_agreements([key], reason=reason, now=now(), actor=TERMINAL.actor)
    shape = _shape(key)
    say(shape, f"{shape['number']} is a draft again.", as_json=as_json)


@COMMANDS.command("cancel")
@click.argument("agreement")
@reason_option
@json_option
def agreement_cancel(agreement: str, reason: str, as_json: bool) -> None:
    """Drop AGREEMENT, which was never signed."""
    from cashline.flow.agree.contracts import actions

    key = find_agreement(agreement)
    actions.cancel_agreements([key], reason=reason, now=now(), actor=TERMINAL.actor)
    shape = _shape(key)
    say(shape, f"{shape['number']} is cancelled.", as_json=as_json)


@COMMANDS.command("check-seal")
@click.argument("agreement")
@json_option
def agreement_check_seal(agreement: str, as_json: bool) -> None:
    """Is the signed contract still the one that was sealed? Exits with 1 where it is not."""
    from cashline.flow.agree.contracts.queries.signatures import check_contract_seal

    report = check_contract_seal(find_agreement(agreement))
    shape = {"intact": report.intact, "signer": report.signer, "problems": list(report.problems)}
    words = f"Intact; sealed by {report.signer}." if report.intact else "\n".join(report.problems)
    say(shape, words, as_json=as_json)
    if not report.intact:
        raise click.exceptions.Exit(1)


@COMMANDS.command("pdf")
@click.argument("agreement")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path))
def agreement_pdf(agreement: str, output: Path) -> None:
    """Write the sealed contract, or before that the one sent for signature, to a file."""
    from cashline.flow.agree.contracts.queries.signatures import CONTRACT_FILE, DRAFT_FILE
    from cashline.kernel.refusals import NotFound
    from cashline.platform.documents.queries import latest_file

    key = find_agreement(agreement)
    stored = latest_file(key, CONTRACT_FILE) or latest_file(key, DRAFT_FILE)
    if stored is None:
        raise NotFound("It was not sent for signature yet.", field="agreement")
    output.write_bytes(stored.content)
    click.echo(f"{output}: {len(stored.content)} bytes, SHA-256 {stored.file.sha256}")
