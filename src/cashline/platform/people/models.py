"""Tables of users, role grants and API keys. Passwords and keys are stored as hashes only."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.platform.database.tables import Table, instant_column


class UserManager(BaseUserManager["User"]):
    """Finds users by their e-mail address."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user who logs in with that address, whatever its case."""
        return self.get(email__iexact=username)


class User(Table, AbstractBaseUser, PermissionsMixin):
    """Somebody who can log in: staff, or a customer's person in the portal (`customer_id` set)."""

    email = models.EmailField(unique=True)
    name = models.TextField(blank=True)
    customer_id = models.UUIDField(null=True, db_index=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = instant_column(null=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "users"

    def get_username(self) -> Any:
        """The name used to log in."""
        return self.email


class RoleGrant(Table):
    """A role of a user, for one legal entity or (null) for all."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_grants")
    role = models.TextField()
    entity = models.ForeignKey("company.LegalEntity", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "role_grants"
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "entity"], name="role_granted_once", nulls_distinct=False)
        ]


class ApiKey(Table):
    """A key of a program: acts with the scopes listed, within one legal entity or (null) all."""

    name = models.TextField()
    prefix = models.TextField(unique=True)
    hash = models.TextField()
    scopes = ArrayField(models.TextField())
    entity = models.ForeignKey("company.LegalEntity", null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = instant_column()
    expires_at = instant_column(null=True)
    revoked_at = instant_column(null=True)
    last_used_on = models.DateField(null=True)

    class Meta:
        db_table = "api_keys"
