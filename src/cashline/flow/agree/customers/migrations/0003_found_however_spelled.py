import django.contrib.postgres.indexes
from django.db import migrations, models

UP = """
CREATE FUNCTION without_accents(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN regexp_replace(normalize(name, NFKD), U&'[\\0300-\\036F]', '', 'g');

CREATE FUNCTION searchable_name(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN without_accents(
    replace(replace(replace(replace(replace(replace(replace(lower(normalize(name, NFC)),
        'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), 'æ', 'ae'), 'ø', 'oe'), 'å', 'aa'))
    || CASE WHEN lower(normalize(name, NFC)) ~ '[äöüå]' THEN ' ' || without_accents(lower(name)) ELSE '' END;
"""
DOWN = "DROP FUNCTION searchable_name(text); DROP FUNCTION without_accents(text);"


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_found_by_words"),
    ]

    operations = [
        migrations.RunSQL(UP, DOWN),
        migrations.AddField(
            model_name="customer",
            name="known_as",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(models.F("name"), function="searchable_name"),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["known_as"], name="customers_known_as", opclasses=["gin_trgm_ops"]
            ),
        ),
    ]
