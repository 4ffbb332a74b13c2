"""Bank accounts, and what is declared of their matching."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from cashline.flow.receive.bank import actions, queries
from cashline.flow.receive.bank.actions import NewBankAccount
from cashline.flow.receive.bank.pages.lines import views
from cashline.flow.receive.bank.queries import AccountRow
from cashline.kernel.identifiers import key_of, public
from cashline.kernel.money import Money
from cashline.kernel.refusals import Refusal
from cashline.platform.company.queries import entity_by_code
from cashline.platform.doors.caller import Caller, caller_of
from cashline.platform.doors.once import Outcome, once
from cashline.platform.doors.schemas import require_visible
from cashline.platform.pages.anatomies import Empty, FormPage, ListPage, RowPage
from cashline.platform.pages.asking import ListAsk
from cashline.platform.pages.components import Action, Cell, Column, Crumb, Option, Row
from cashline.platform.pages.fields import Field, FieldError, FieldSet, Reading, errors_of, read_form
from cashline.platform.pages.render import done, render_form, render_list

COLUMNS = (
    Column("account", lazy("Account"), place="title"),
    Column("entity", lazy("Legal entity")),
    Column("currency", lazy("Currency")),
    Column("sure", lazy("Applied unseen from"), "percent", place="amount"),
    Column("tolerance", lazy("Written off up to"), "money"),
)


def bank_account_list(request: HttpRequest) -> HttpResponseBase:
    """The accounts that statements are imported for."""
    caller = caller_of(request)
    caller.require("bank.read")

    def fetch(_ask: ListAsk) -> RowPage:
        return RowPage(tuple(_row(row) for row in queries.accounts(entities=caller.entities("bank.read"))))

    may = caller.authority.allows("bank.write")
    new = Action.link(_("New account"), reverse("bank_account_new"), icon="plus", primary=True, key="n")
    text = _("The account that a legal entity names as its own is added with its first statement.")
    empty = Empty(_("No account yet"), text, new if may else None, "landmark")
    page = ListPage(
        _("Bank accounts"),
        COLUMNS,
        fetch,
        empty=empty,
        views=views("bank_account_list"),
        actions=(new,) if may else (),
        filename="bank-accounts",
    )
    return render_list(request, page)


def _row(row: AccountRow) -> Row:
    key = public("bank_account", row.id)
    return Row(
        key,
        {
            "account": Cell(row.name, sub=row.iban),
            "entity": row.entity_code,
            "currency": row.currency,
            "sure": row.auto_apply_confidence,
            "tolerance": Money(row.tolerance_amount, row.currency) if row.tolerance_rate else None,
        },
        reverse("bank_account_edit", args=[key]),
    )


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(_("Bank"), reverse("bank_statement_list")), Crumb(_("Accounts"), reverse("bank_account_list")))


def bank_account_new(request: HttpRequest) -> HttpResponseBase:
    """Add an account."""
    caller = caller_of(request)
    caller.require("bank.write")
    own = tuple(Option(one.code, one.name) for one in caller.own_entities("bank.write"))
    fields = (
        Field("entity", _("Legal entity"), "choice", options=own, value=own[0].value if own else None, width="half"),
        Field("currency", _("Currency"), max_length=3, placeholder="EUR", width="half"),
        Field("iban", _("IBAN"), max_length=42),
        Field("name", _("Name"), required=False),
    )
    page = FormPage(
        _("New bank account"),
        request.path,
        (FieldSet(_("Account"), fields),),
        _("Add"),
        reverse("bank_account_list"),
        crumbs=_crumbs(),
    )
    return _answer(request, page, lambda read: _create(caller, read))


def _create(caller: Caller, read: Reading) -> Outcome:
    entity = entity_by_code(read.text("entity"))
    caller.require("bank.write", entity.id)
    new = NewBankAccount(entity.id, read.text("iban"), read.text("name"), read.text("currency").upper())
    try:
        actions.create_bank_accounts([new], now=caller.now, actor=caller.actor)
    except Refusal as refusal:
        refusal.field = refusal.field.rpartition(".")[2]
        raise
    return Outcome(reverse("bank_account_list"), _("The account is added."))


def bank_account_edit(request: HttpRequest, account_id: str) -> HttpResponseBase:
    """Declare how an account is matched."""
    caller = caller_of(request)
    row = queries.account(key_of("bank_account", account_id))
    require_visible(caller, "bank.write", row.entity_id, "bank_account", row.id)
    sure = Field(
        "auto_apply_confidence",
        _("Apply unseen from"),
        "integer",
        value=row.auto_apply_confidence,
        suffix="%",
        hint=_("95 is the usual: what the text or the payer's account makes certain."),
    )
    amount = Field(
        "tolerance_amount",
        _("Write differences off up to"),
        "decimal",
        value=Money(row.tolerance_amount, row.currency).rounded().amount,
        suffix=row.currency,
        least=0,
        width="half",
    )
    share = Field(
        "tolerance_percent",
        _("and at most"),
        "decimal",
        value=(row.tolerance_rate * 100).normalize() + 0,
        suffix="%",
        least=0,
        most=100,
        hint=_("Of what is open. A difference must be within both; zero means never."),
        width="half",
    )
    page = FormPage(
        row.name,
        request.path,
        (FieldSet(_("Matching"), (sure, amount, share), row.iban),),
        _("Save"),
        reverse("bank_account_list"),
        crumbs=_crumbs(),
    )
    return _answer(request, page, lambda read: _declare(caller, row, read))


def _declare(caller: Caller, row: AccountRow, read: Reading) -> Outcome:
    amount = read.decimal("tolerance_amount") or Decimal(0)
    share = (read.decimal("tolerance_percent") or Decimal(0)) / 100
    if amount and share:
        caller.require("payments.write_off", row.entity_id)
    actions.set_matching(
        row.id,
        auto_apply_confidence=read.integer("auto_apply_confidence") or 0,
        tolerance_amount=amount,
        tolerance_rate=share,
        now=caller.now,
        actor=caller.actor,
    )
    return Outcome(reverse("bank_account_list"), _("The matching is declared."))


def _answer(request: HttpRequest, page: FormPage, step: Callable[[Reading], Outcome]) -> HttpResponseBase:
    if request.method != "POST":
        return render_form(request, page)
    read = read_form(request.POST, page.fieldsets)
    errors: tuple[FieldError, ...] = read.errors
    if not errors:
        try:
            outcome = once(request, lambda: step(read))
            return done(request, outcome.url, outcome.sentence)
        except Refusal as refusal:
            errors = errors_of(refusal)
    return render_form(request, replace(page, values=read.raw, errors=errors))
