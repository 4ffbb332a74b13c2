"""Every read of the portal. All run as `cashline_portal` (see `platform/permissions/portal.py`): row-level security
shows one customer's rows, whatever a query here asks; the WHERE clauses are for the plan, not for safety."""
