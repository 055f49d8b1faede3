#error \x1b[2J not a terminal escape
