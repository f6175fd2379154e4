"""How it is served: uvicorn's protocol for the open internet, admission, and processes.

`workers.py` starts and ends them; `gate.py` is what every request passes.
"""
