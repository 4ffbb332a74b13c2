"""The console's files: where collected, named by their content, compressed, and kept for a year by browsers."""

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Gives the names of collected files, and plain ones where nothing was collected, as in tests."""

    def url(self, name: str | None, force: bool = False) -> str:
        """The address of a file."""
        if not self.hashed_files:
            return StaticFilesStorage.url(self, name)
        return str(super().url(name, force))


def collect_static_files() -> None:
    """Copy, name and compress the files that have changed; takes a fraction of a second."""
    call_command("collectstatic", interactive=False, verbosity=0)
