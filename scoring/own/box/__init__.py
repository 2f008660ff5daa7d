"""Programs that are mounted into the box; the server never imports them."""
