"""Process mining: the chain of a document, cycle times and the OCEL 2.0 export, from the event log."""
