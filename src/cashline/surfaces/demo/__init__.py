"""The demo company: a year of trade by the program's own actions, under the moved clock."""
