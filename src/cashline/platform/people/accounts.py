"""How people log in: by e-mail, with allauth; nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator or by an invitation to the portal."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
