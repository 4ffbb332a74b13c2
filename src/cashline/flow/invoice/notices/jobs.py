"""What runs by itself: wallets and charges are looked at, renewals are told, and the mails are sent."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cashline.flow.agree.customers.queries import customers_by_id
from cashline.flow.invoice.notices import actions
from cashline.flow.invoice.notices.queries import money_alert
from cashline.flow.invoice.notices.rules import phrase
from cashline.platform.company.queries import entities_by_id
from cashline.platform.documents.wording import wording_for
from cashline.platform.mail.sending import Mail, send_mail
from cashline.platform.outbox.rules import Sender


def check_money(*, now: datetime, actor: str) -> int:
    """Tell of wallets that run low and of bills that have grown; gives how many were told."""
    done = actions.check_wallets(now=now, actor=actor)
    while (told := actions.check_charges(now=now, actor=actor)) is not None:
        done += told
    return done


def tell_renewals(*, today: date, now: datetime, actor: str) -> int:  # noqa: ARG001 - the shape of a daily job
    """Tell customers of the renewals whose day has come; gives how many."""
    done = 0
    while told := actions.tell_renewals(now=now, actor=actor):
        done += told
    return done


def send_alert_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:  # noqa: ARG001 - a sender
    """Mail that an alert has told, in the customer's language."""
    row = money_alert(UUID(payload["alert_id"]))
    locale = customers_by_id([row.customer_id])[row.customer_id].locale
    seller, wording = entities_by_id([row.entity_id])[row.entity_id], wording_for(locale)
    words = {
        "name": row.subject_name,
        "amount": wording.money(Decimal(payload["amount"]), row.currency),
        "threshold": wording.money(row.threshold, row.currency),
        "seller": seller.name,
    }
    subject, text = (phrase(locale, f"{row.kind}_{part}", **words) for part in ("subject", "text"))
    send_mail(Mail(to=row.email, subject=subject, text=text, reply_to=seller.email), key=key)


def send_renewal_mail(payload: Mapping[str, Any], *, key: str, now: datetime) -> None:  # noqa: ARG001 - a sender
    """Mail a customer that a term renews, with the price of then and of before."""
    locale, currency = payload["locale"], payload["currency"]
    wording = wording_for(locale)
    ends_on = payload["ends_on"]
    end = wording.long_date(date.fromisoformat(ends_on)) if ends_on else ""
    words = {
        "number": payload["number"],
        "plan": payload["plan_name"],
        "day": wording.long_date(date.fromisoformat(payload["begins_on"])),
        "until": phrase(locale, "until", end=end) if end else "",
        "new": wording.money(Decimal(payload["new_price"]), currency),
        "old": wording.money(Decimal(payload["old_price"]), currency),
        "quantity": wording.number(Decimal(payload["quantity"])),
        "seller": payload["seller"],
    }
    subject, text = (phrase(locale, f"renewal_{part}", **words) for part in ("subject", "text"))
    send_mail(Mail(to=payload["email"], subject=subject, text=text, reply_to=payload["reply_to"]), key=key)


SENDERS: Mapping[str, Sender] = {"money_alert_mail": send_alert_mail, "renewal_notice_mail": send_renewal_mail}
