"""Every read of the portal. All run as `cashline_portal` (see `platform/permissions/portal.py`): row-level security
shows one customer's rows, whatever a query here asks. That the queries name the customer too, also when they join one
document to another, is for the plan: so each table is entered by the customer's own rows, and not by those of all."""
