"""What a picture shows: ink, told from paper, and the digit, told from whatever else is there.

`find_ink` (`ink.py`) and `find_digit` (`digit.py`) are the ways in, from `app/preprocessing.py`.
"""
