"""How a person's browser is let in: a sign-in page, one-time links, and the cookie that both of them set."""
