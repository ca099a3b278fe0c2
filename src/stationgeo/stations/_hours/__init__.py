"""Opening hours: texts to rules, and rules to minutes of days, bits of bins and answers for dates."""
