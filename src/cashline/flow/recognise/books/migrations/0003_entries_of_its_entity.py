"""An entry is of the entity of its book, by a foreign key; its lines are checked as those of the journal are."""

from django.db import migrations

FORWARD = """
ALTER TABLE accounting_books ADD CONSTRAINT accounting_book_of_an_entity UNIQUE (id, entity_id);
ALTER TABLE book_entries ADD CONSTRAINT book_entry_of_its_entity
    FOREIGN KEY (book_id, entity_id) REFERENCES accounting_books (id, entity_id);
DROP TRIGGER book_lines_balance ON book_lines;
CREATE TRIGGER book_lines_balance AFTER INSERT ON book_lines REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_lines_balance('book_entries', 'book entry');
DROP FUNCTION check_book_lines();
"""


class Migration(migrations.Migration):
    """Replaces the function of books alone."""

    dependencies = [("books", "0002_books_are_facts"), ("ledger", "0011_one_check_of_balance")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
