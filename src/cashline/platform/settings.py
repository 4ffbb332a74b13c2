"""Django's settings, all from the environment; nothing here touches the database or the clock.

`CASHLINE_DATABASE_URL` points at a PostgreSQL of one's own (see `database/connection.py`), `CASHLINE_SECRET_KEY` is
kept in the data folder where it is not given, `CASHLINE_HOSTS` lists the host names that are served, `CASHLINE_URL` is
the address that mails and documents name.
"""

import os
import secrets
from pathlib import Path

from django.utils.csp import CSP

from cashline.platform.database import connection

DATA = connection.data_folder()
PACKAGE = Path(__file__).resolve().parent.parent


def _secret_key() -> str:
    if given := os.environ.get("CASHLINE_SECRET_KEY"):
        return given
    kept = DATA / "secret_key"
    if not kept.exists():
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return kept.read_text()


DEBUG = False
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = os.environ.get("CASHLINE_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
SECURE = os.environ.get("CASHLINE_HTTPS", "") == "1"
PUBLIC_URL = os.environ.get("CASHLINE_URL", "http://localhost:8000").rstrip("/")

PLATFORM = [
    "company",
    "people",
    "events",
    "outbox",
    "idempotency",
    "numbering",
    "approvals",
    "clock",
    "documents",
    "snapshots",
]
FLOW = [
    "agree.customers",
    "agree.catalog",
    "agree.coupons",
    "agree.plans",
    "agree.quotes",
    "agree.contracts",
    "book.orders",
    "book.credit",
    "deliver.fulfilment",
    "deliver.inventory",
    "deliver.provisioning",
    "deliver.projects",
    "deliver.subscriptions",
    "deliver.usage",
    "invoice.billing",
    "invoice.invoices",
    "invoice.credit_notes",
    "invoice.credits",
    "invoice.commitments",
    "invoice.notices",
    "invoice.taxes",
    "receive.payments",
    "receive.bank",
    "receive.collections",
    "receive.disputes",
    "recognise.ledger",
    "recognise.revenue",
    "recognise.books",
    "recognise.exports",
    "recognise.intercompany",
    "report.closing",
]
LIVE_EVENTS = 100_000
"""Up to so many events a company's figures are read anew for each page; beyond they are kept (platform/snapshots)."""
REPORTS = [
    f"report.{name}"
    for name in (
        "statements",
        "metrics",
        "mining",
        "forecast",
        "explain",
        "health",
        "finding",
        "audit",
        "consolidation",
    )
]
"""The rooms that read across all stages; they have doors and no tables."""
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "ninja",
    "procrastinate.contrib.django",
    *(f"cashline.platform.{name}" for name in PLATFORM),
    *(f"cashline.flow.{name}" for name in FLOW),
    "cashline.flow",
    "cashline.surfaces.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cashline.surfaces.doors.DoorMiddleware",
]
ROOT_URLCONF = "cashline.surfaces.urls"
WSGI_APPLICATION = "cashline.surfaces.wsgi.application"

_CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "cashline.surfaces.web.shell.shell",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / "surfaces" / "web" / "templates"],
        "OPTIONS": {"environment": "cashline.platform.pages.jinja.environment", "context_processors": _CONTEXT},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "surfaces" / "web" / "accounts"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT},
    },
]

DATABASES = connection.databases()
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "cashline.platform.people.accounts.AccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "cashline.surfaces.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "cashline.platform.pages.static_files.StaticFiles"},
}
WHITENOISE_USE_FINDERS = True

SMTP_HOST = os.environ.get("CASHLINE_SMTP_HOST", "")
_SMTP = {
    "host": SMTP_HOST,
    "port": int(os.environ.get("CASHLINE_SMTP_PORT", "25")),
    "username": os.environ.get("CASHLINE_SMTP_USER", ""),
    "password": os.environ.get("CASHLINE_SMTP_PASSWORD", ""),
    "use_tls": os.environ.get("CASHLINE_SMTP_TLS", "") == "1",
    "timeout": 20,
}
MAILERS = {
    "default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": _SMTP}
    if SMTP_HOST
    else {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": {"file_path": DATA / "mail"}}
}
"""Without an SMTP server mails are written to files in the data folder, which suits a demo and nothing else."""
DEFAULT_FROM_EMAIL = os.environ.get("CASHLINE_MAIL_FROM", "billing@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("CASHLINE_LOG", "WARNING")},
}
