"""Along the streets: which parts of them are within reach, and which stations lie on the way."""
