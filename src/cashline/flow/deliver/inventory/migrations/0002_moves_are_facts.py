"""Stock moves are recorded once and never rewritten; stock is kept by the database as their sum.

Whoever inserts a reservation or a move changes the stock with it, in the same statement, so that the check constraints
of `stock` refuse an oversale even where the program forgot to ask. The program may not write those columns itself.
"""

from django.db import migrations

FORWARD = """
CREATE TRIGGER stock_moves_append_only BEFORE UPDATE OR DELETE ON stock_moves
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
REVOKE UPDATE, DELETE, TRUNCATE ON stock_moves FROM cashline_app;

CREATE FUNCTION add_moves_to_stock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE missing bigint;
BEGIN
    EXECUTE $q$WITH sums AS MATERIALIZED (
        SELECT warehouse_id, product_id, sum(quantity) AS quantity, sum(value) AS value FROM added GROUP BY 1, 2
    ), changed AS (
        UPDATE stock AS s SET on_hand = s.on_hand + n.quantity, value = s.value + n.value FROM sums AS n
        WHERE s.warehouse_id = n.warehouse_id AND s.product_id = n.product_id RETURNING 1
    )
    SELECT (SELECT count(*) FROM sums) - (SELECT count(*) FROM changed)$q$ INTO missing;
    IF missing <> 0 THEN
        RAISE EXCEPTION 'a stock move needs its row of stock' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stock_moves_change_stock AFTER INSERT ON stock_moves
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_moves_to_stock();

CREATE FUNCTION add_reservations_to_stock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE missing bigint;
BEGIN
    EXECUTE $q$WITH sums AS MATERIALIZED (
        SELECT warehouse_id, product_id, sum(quantity) AS quantity FROM added WHERE status = 'active' GROUP BY 1, 2
    ), changed AS (
        UPDATE stock AS s SET reserved = s.reserved + n.quantity FROM sums AS n
        WHERE s.warehouse_id = n.warehouse_id AND s.product_id = n.product_id RETURNING 1
    )
    SELECT (SELECT count(*) FROM sums) - (SELECT count(*) FROM changed)$q$ INTO missing;
    IF missing <> 0 THEN
        RAISE EXCEPTION 'a reservation needs its row of stock' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reservations_added_to_stock AFTER INSERT ON reservations
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_reservations_to_stock();

CREATE FUNCTION change_reservations_of_stock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
BEGIN
    EXECUTE $q$UPDATE stock AS s SET reserved = s.reserved + n.quantity
    FROM (SELECT warehouse_id, product_id, sum(quantity) AS quantity FROM (
              SELECT warehouse_id, product_id, quantity FROM after WHERE status = 'active'
              UNION ALL SELECT warehouse_id, product_id, -quantity FROM before WHERE status = 'active') AS each
          GROUP BY 1, 2 HAVING sum(quantity) <> 0) AS n
    WHERE s.warehouse_id = n.warehouse_id AND s.product_id = n.product_id$q$;
    RETURN NULL;
END $$;
CREATE TRIGGER reservations_changed_in_stock AFTER UPDATE ON reservations
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT
    EXECUTE FUNCTION change_reservations_of_stock();

REVOKE DELETE, TRUNCATE ON reservations FROM cashline_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON stock FROM cashline_app;
GRANT INSERT (id, warehouse_id, product_id, reorder_point), UPDATE (reorder_point) ON stock TO cashline_app;
REVOKE UPDATE ON reservations FROM cashline_app;
GRANT UPDATE (status) ON reservations TO cashline_app;
"""


class Migration(migrations.Migration):
    """Adds what Django cannot say."""

    dependencies = [("inventory", "0001_initial"), ("events", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
