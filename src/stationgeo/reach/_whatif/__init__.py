"""What if: stations and streets that change, and reach that is brought up to date with them."""
