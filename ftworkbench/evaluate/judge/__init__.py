"""A model as the judge of answers: what it is asked, what its verdicts come to, and how far a person agrees with it."""
