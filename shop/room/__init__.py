"""The waiting room in front of a sale: it knows a sale by a key and an opening time, and nothing of what is sold.

Who comes before the opening gets a place by lot, who comes after it a place at the end. Numbers come up at the rate
that the shop measures it can serve, and whoever's number is up comes in with a pass. Looking costs no SQL.
"""
