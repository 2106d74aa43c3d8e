"""Run an entry: sessions of sealed order through a sandbox, under a meter, into one record."""
