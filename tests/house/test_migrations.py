"""The tables are what the models say."""

from io import StringIO

from django.core.management import call_command

from tests.support.cluster import Database


def test_no_model_has_changed_without_its_migration(committed_db: Database) -> None:
    said = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=said, stderr=said)
    except SystemExit:
        raise AssertionError(
            f"Models have changed; make their migrations (python -m django makemigrations):\n{said.getvalue()}"
        ) from None
