"""The operator's commands; everything here but `commands` needs the server's libraries."""
