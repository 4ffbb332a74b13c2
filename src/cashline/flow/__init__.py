"""The flow from quote to cash: the folders are its stages, in alphabetical and chronological order."""
