"""How dates are written where Django writes them by itself: in the staff screens."""
