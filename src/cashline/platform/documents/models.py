"""The table of files: PDFs, e-invoices, contracts, imported statements."""

from django.db import models

from cashline.platform.database.tables import Table, instant_column


class StoredFile(Table):
    """A file that belongs to a document, with the hash of its content. Never rewritten."""

    subject_type = models.TextField()
    subject_id = models.UUIDField()
    kind = models.TextField()
    customer_id = models.UUIDField(null=True)
    file_name = models.TextField()
    media_type = models.TextField()
    sha256 = models.TextField()
    content = models.BinaryField()
    created_at = instant_column()

    class Meta:
        db_table = "stored_files"
        indexes = [models.Index(fields=["subject_id", "kind"], name="stored_files_subject")]
