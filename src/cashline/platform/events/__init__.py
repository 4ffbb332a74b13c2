"""The event log: one row for every change of state, shaped for OCEL 2.0, sealed into a hash chain."""
